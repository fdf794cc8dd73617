import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

# Pytest runs inside of pytest here and forgets what was imported in it, which TensorFlow and PyTorch do not survive.
pytest.importorskip("torch")
import tfvc.parity
import tfvc.parity.show.html  # noqa: F401

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[1]

TESTS = """
    from dataclasses import replace
    from tfvc.layers import BatchNorm
    from tfvc.cases import layers

    class TheirNorm(BatchNorm):
        def __init__(self):
            super().__init__(epsilon=1e-3)

    def test_right(parity):
        assert parity("dense", phases=("forward",), init="random", seed=5).seed == 5

    def test_wrong(parity):
        parity(layers.dense(), phases=("forward",))
        parity(replace(layers.batch_norm(), keras_model=TheirNorm), phases=("forward",))
"""


@pytest.fixture
def run(pytester):
    """Runs pytest in a folder of its own; whether the plugin is installed or not."""
    return lambda *arguments: pytester.runpytest_inprocess("-p", "tfvc.pytest_plugin", *arguments)


def test_a_failure_shows_the_table_and_the_reports_are_written(pytester, run):
    pytester.makepyfile(test_norm=TESTS)
    result = run("--parity-report", "found", "--junitxml", "junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    shown = result.stdout.str()
    assert "E       tfvc.parity.report.ParityError: batch_norm [coded] FAIL at forward, outputs, output" in shown
    assert re.search(r"E .*│ outputs +│ output +│", shown)
    assert "def raise_on_failure" not in shown  # nothing of the harness, only the test's own line
    assert ">       parity(replace(layers.batch_norm()" in shown

    pages = sorted((pytester.path / "found").glob("*.html"))
    assert [re.sub("-[0-9a-f]{8}", "", page.stem) for page in pages] == [
        "test_norm.py-test_right",
        "test_norm.py-test_wrong",
        "test_norm.py-test_wrong",
    ]
    found = {page: json.loads(page.with_suffix(".json").read_text())[0] for page in pages}
    assert sorted(report["passed"] for report in found.values()) == [False, True, True]
    (failed,) = (page for page, report in found.items() if not report["passed"])
    assert "different" in failed.read_text(encoding="utf-8")
    result.stdout.fnmatch_lines([f"{failed}", f"{failed.parent}: 2 of models that are equal"])
    assert str(failed) in (pytester.path / "junit.xml").read_text()


def test_without_the_option_nothing_is_written(pytester, run):
    pytester.makepyfile(test_norm=TESTS)
    before = set(pytester.path.iterdir())
    result = run("-p", "no:cacheprovider", "-k", "wrong")
    result.assert_outcomes(failed=1, deselected=1)
    assert "parity reports" not in result.stdout.str()
    assert {path.name for path in set(pytester.path.iterdir()) - before} <= {"__pycache__"}


def test_a_case_at_fault_is_one_line_at_the_test(pytester, run):
    pytester.makepyfile("def test_x(parity):\n    parity('autovc_huge')\n")
    shown = run().stdout.str()
    assert re.search(r"^E +tfvc.common.errors.TfvcError: no parity case 'autovc_huge'", shown, re.MULTILINE)
    assert "def find_case" not in shown


def test_a_folder_that_is_a_file_is_refused(pytester, run):
    pytester.makefile(".txt", found="in the way")
    result = run("--parity-report", "found.txt")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --parity-report: *found.txt is not a folder*"])


def test_several_processes_tell_one_summary(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile("def test_x(record_property):\n    record_property('parity report', 'x.html')\n")
    result = pytester.runpytest_subprocess("-p", "tfvc.pytest_plugin", "-n", "1", "--parity-report", "found")
    result.stdout.fnmatch_lines([f"{pytester.path}/found: 1 of models that are equal"])


def test_pytest_starts_without_the_frameworks(tmp_path, monkeypatch):
    """The plugin is imported in every project of an environment that has tfvc."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = (
        "import sys, pytest; pytest.main(['--co', '-q', '-p', 'tfvc.pytest_plugin'])\n"
        "print(sorted({'tensorflow', 'keras', 'torch', 'numpy', 'jinja2'} & set(sys.modules)))\n"
        "assert 'tfvc.pytest_plugin' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stdout + done.stderr
