"""What a comparison found, as it is handed to a user: to print, to raise, to write as JSON."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group

from tfvc.common.atomic import atomic_file
from tfvc.parity.findings.findings import Findings
from tfvc.parity.show import terminal
from tfvc.parity.show.values import as_values


class ParityError(AssertionError):
    """The two sides differ; the message is the report's table, culprit first."""


class Report(Findings):
    """The findings of one case from one set of initial weights, with ways to show them."""

    def summary(self) -> str:
        """One line: verdict, how many tensors, the worst figures of each phase."""
        return terminal.summary(self)

    def table(self, limit: int = 8) -> Group:
        """What a terminal shows: the culprit and its cause, then the layers, then the stages; for `rich` to print."""
        return terminal.whole(self, limit)

    def text(self, width: int = 110) -> str:
        """The same as plain text."""
        console = Console(file=io.StringIO(), width=width, color_system=None)
        console.print(self.table())
        return console.file.getvalue()

    def raise_on_failure(self) -> None:
        """Raises `ParityError`, with the table as its message."""
        if not self.passed:
            raise ParityError(f"{self.summary()}\n{self.text()}")

    def to_dict(self) -> dict:
        """Everything in the report as plain values, as `findings/report.schema.json` describes them."""
        return as_values(self)

    def to_json(self) -> str:
        """The whole report as a JSON object."""
        return json.dumps(self.to_dict(), indent=1)


def write_json(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports as one JSON list; the file appears whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps([report.to_dict() for report in reports], indent=1) + "\n")
