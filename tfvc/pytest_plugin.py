"""A pytest plugin, there wherever tfvc is installed: the fixture `parity` and the option `--parity-report DIR`.

    def test_my_port(parity):
        parity(my_case)

Like all plugins it is imported whenever pytest starts, in every project: TensorFlow and PyTorch wait for the first use.
It stands outside of `tfvc.parity` because that package imports TensorFlow.
"""

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tfvc.parity import ParityCase, Report

# In a test's `user_properties`: they reach the process that prints the summary, and JUnit files.
_WRITTEN = {True: "parity report", False: "parity report of a failure"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("parity", "comparison of Keras models with PyTorch (tfvc)")
    group.addoption(
        "--parity-report",
        metavar="DIR",
        type=os.path.abspath,
        help="Write a page and a JSON file for each comparison of the `parity` fixture, in tests that pass too.",
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("parity_report")
    if folder and os.path.exists(folder) and not os.path.isdir(folder):
        raise pytest.UsageError(f"--parity-report: {folder} is not a folder; name one, or one that does not exist yet")


class Parity:
    """What the fixture `parity` gives: compares a case and fails the test if the two models differ.

    Args:
        item: the test.
        folder: where reports are written; None for nowhere.
    """

    def __init__(self, item: pytest.Item, folder: Path | None):
        self.item = item
        self.folder = folder
        self._calls = 0

    def __call__(self, case: "ParityCase | str", **settings: Any) -> "Report":
        """Compares.

        Args:
            case: a `ParityCase`, or the name of one: built in, or `module:case`.
            settings: those of `tfvc.parity.compare`: phases, init, steps, seed, weights.

        Returns:
            The report of two models that are equal.

        Raises:
            ParityError: if they differ; its message is the table and the diagnosis.
            TfvcError: if the case or a setting is at fault.
        """
        __tracebackhide__ = True  # the failure is shown at the test's own line
        from tfvc.cases import find_case
        from tfvc.common.errors import TfvcError
        from tfvc.parity import ParityError, compare

        try:
            report = compare(find_case(case) if isinstance(case, str) else case, **settings)
            if self.folder is not None:
                self._write(report)
            report.raise_on_failure()
        except (ParityError, TfvcError) as error:
            raise error.with_traceback(None) from None
        return report

    def _write(self, report: "Report") -> None:
        from tfvc.parity import write_json
        from tfvc.parity.show.html import write_html

        self._calls += 1
        name = _file_name(self.item.nodeid, self._calls)
        write_json([report], self.folder / f"{name}.json")
        write_html([report], self.folder / f"{name}.html")
        self.item.user_properties.append((_WRITTEN[report.passed], str(self.folder / f"{name}.html")))


@pytest.fixture
def parity(request: pytest.FixtureRequest) -> Parity:
    """`parity(case)` compares a Keras model with its PyTorch reference and fails, with the cause, if they differ.

    `parity(case, phases=("forward",), init="random", steps=3, seed=1)`: settings are those of `tfvc.parity.compare`.
    """
    folder = request.config.getoption("parity_report")
    return Parity(request.node, Path(folder) if folder else None)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says where the reports are; of those of failures, which."""
    written = dict.fromkeys(_written(terminalreporter))
    if not written:
        return
    terminalreporter.section("parity reports")
    for name, path in written:
        if name == _WRITTEN[False]:
            terminalreporter.line(path)
    equal = sum(name == _WRITTEN[True] for name, _ in written)
    if equal:
        terminalreporter.line(f"{config.getoption('parity_report')}: {equal} of models that are equal")


def _written(terminalreporter: Any) -> Iterator[tuple[str, str]]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name in _WRITTEN.values():
                    yield name, value


def _file_name(nodeid: str, call: int) -> str:
    """Readable, the same in every run, and another for every test and call: parameters may hold any character."""
    readable = re.sub(r"[^\w.]+", "-", nodeid).strip("-")[:100]
    return f"{readable}-{zlib.crc32(f'{nodeid} {call}'.encode()):08x}"
