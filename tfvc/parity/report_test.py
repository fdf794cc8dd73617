import io
import json

import pytest
from rich.console import Console

from tfvc.parity.report import ParityError, Report, Row, write_json

GOOD = Row("forward", "outputs", None, "mel", "pass", "", 1e-15, 1e-10, 1e-7, 1e-7, 1.0, 1.0, 2.0)
BIAS = Row("backward", "gradients", None, "conv.bias", "pass", "", 1e-16, 1e-15, 1e-8, 1e-8, 1.0, 1.0, 9.0, True)
BAD = Row("train", "weights", 2, "lstm.weight", "fail", "float64 error 1e-1 > 1e-9", 0.1, 1e-9, 0.1, 1e-7, 1e6)


def printed(report: Report, **settings) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(report.table(**settings))
    return console.file.getvalue()


def test_a_report_that_passes():
    report = Report("autovc", "coded", 0, [GOOD, BIAS])
    assert report.passed
    assert report.cancelling == ["gradients: conv.bias"]
    assert report.worst_error64("forward") == 1e-15
    assert report.worst_error64("backward") == 0.0
    assert "PASS" in report.summary()
    report.raise_on_failure()


def test_a_report_that_fails_names_the_first_stage():
    report = Report("autovc", "coded", 0, [GOOD, BAD, BIAS])
    assert not report.passed
    assert report.first_failure is BAD
    with pytest.raises(ParityError, match=r"train step 2, weights, lstm\.weight: float64 error"):
        report.raise_on_failure()
    text = printed(report, limit=1)
    assert "lstm.weight" in text
    assert "conv.bias" not in text


def test_nothing_compared_is_no_pass():
    report = Report("autovc", "coded", 0)
    assert not report.passed
    with pytest.raises(ParityError, match="FAIL"):
        report.raise_on_failure()


def test_json(tmp_path):
    reports = [Report("autovc", "coded", 0, [GOOD, BAD]), Report("lstm", "random", 1, [GOOD])]
    write_json(reports, tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert [r["passed"] for r in read] == [False, True]
    assert read[0]["first_failure"] == "train step 2, weights, lstm.weight"
    assert read[0]["rows"][0]["error64"] == 1e-15
    assert json.loads(reports[1].to_json()) == read[1]
