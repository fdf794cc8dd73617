"""What a comparison found: rows that can be printed, raised and written as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Column, Table
from rich.text import Text

from tfvc.atomic import atomic_file


class ParityError(AssertionError):
    """The two sides differ; the message lists the worst tensors."""


@dataclass(frozen=True)
class Row:
    """The verdict on one tensor. Errors are relative to its `size`: its norm, or that of the terms that cancel in it.

    `ratio` is the float32 error over the measured noise, `precision` Keras's noise over torch's, `ulps` the
    largest float32 difference in units in the last place of the largest element.
    """

    phase: str
    stage: str
    step: int | None
    key: str
    verdict: str
    reason: str = ""
    error64: float | None = None
    bound64: float | None = None
    error32: float | None = None
    noise32: float | None = None
    ratio: float | None = None
    precision: float | None = None
    ulps: float | None = None
    cancelling: bool = False
    size: float | None = None

    @property
    def failed(self) -> bool:
        return self.verdict == "fail"

    @property
    def place(self) -> tuple[str, str]:
        """Phase (with its step) and stage."""
        return (self.phase if self.step is None else f"{self.phase} {self.step}", self.stage)

    @property
    def only_imprecise(self) -> bool:
        """Whether all that is wrong is a loss of precision in float32."""
        return self.reason.startswith("float32 noise")

    @property
    def where(self) -> str:
        step = "" if self.step is None else f" step {self.step}"
        return f"{self.phase}{step}, {self.stage}, {self.key}"


@dataclass
class Report:
    """All rows of one case from one set of initial weights."""

    case: str
    init: str
    seed: int
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failures(self) -> list[Row]:
        return [row for row in self.rows if row.failed]

    @property
    def passed(self) -> bool:
        """True if at least one tensor was compared and none failed."""
        return bool(self.rows) and not self.failures

    @property
    def first_failure(self) -> Row | None:
        """The first stage that went wrong; what comes after it may only be a consequence."""
        return next(iter(self.failures), None)

    @property
    def cancelling(self) -> list[str]:
        """Keys of the tensors judged against the terms that cancel in them."""
        return sorted({f"{row.stage}: {row.key}" for row in self.rows if row.cancelling})

    def worst_error64(self, phase: str) -> float:
        """The largest relative float64 error of a phase, cancelling tensors apart."""
        rows = [r for r in self.rows if r.phase == phase and not r.cancelling]
        return max((row.error64 for row in rows if row.error64 is not None), default=0.0)

    def worst_ratio(self, phase: str) -> float:
        """The largest float32 error of a phase in units of the measured noise."""
        return max((r.ratio for r in self.rows if r.phase == phase and r.ratio is not None), default=0.0)

    def summary(self) -> str:
        """One line: verdict, how many tensors, the worst figures of each phase."""
        figures = "; ".join(
            f"{phase} {self.worst_error64(phase):.1e}, float32 {self.worst_ratio(phase):.1f} x noise"
            for phase in dict.fromkeys(row.phase for row in self.rows)
        )
        verdict = "PASS" if self.passed else "FAIL"
        if self.first_failure:
            verdict += f" at {self.first_failure.where}"
        return f"{self.case} [{self.init}] {verdict}: {len(self.rows)} tensors; {figures}"

    def table(self, limit: int = 20) -> Table:
        """The first `limit` failures in the order in which they happened; below them a line for each stage."""
        table = Table(
            "phase",
            "stage",
            Column("tensor", overflow="fold"),
            Column("float64 error", justify="right"),
            Column("bound", justify="right"),
            Column("float32 / noise", justify="right"),
            "verdict",
            title=Text(self.summary()),
        )
        for row in self.failures[:limit]:
            figures = ["" if x is None else f"{x:.1e}" for x in (row.error64, row.bound64)]
            ratio = "" if row.ratio is None else f"{row.ratio:.1f}"
            table.add_row(*row.place, row.key, *figures, ratio, row.reason, style="red")
        table.add_section()
        for place in dict.fromkeys(row.place for row in self.rows):
            table.add_row(*place, *self._stage_figures([row for row in self.rows if row.place == place]))
        return table

    def _stage_figures(self, rows: list[Row]) -> list[str]:
        """How many tensors a stage has, the worst of its figures, and its verdict."""
        strict = [row for row in rows if not row.cancelling and row.error64 is not None]
        worst = max(strict, key=lambda row: row.error64, default=None)
        ratios = [row.ratio for row in rows if row.ratio is not None]
        cancelling = sum(row.cancelling for row in rows)
        failed = sum(row.failed for row in rows)
        return [
            f"{len(rows)}" + (f", {cancelling} cancelling" if cancelling else ""),
            f"{worst.error64:.1e}" if worst else "",
            f"{worst.bound64:.1e}" if worst else "",
            f"{max(ratios):.1f}" if ratios else "",
            f"{failed} differ" if failed else "equal",
        ]

    def raise_on_failure(self) -> None:
        """Raises `ParityError` with the first ten failures, in the order in which they happened."""
        if self.passed:
            return
        lines = [self.summary(), *(f"  {row.where}: {row.reason}" for row in self.failures[:10])]
        raise ParityError("\n".join(lines))

    def to_dict(self) -> dict:
        """Everything in the report as plain values."""
        first = self.first_failure
        return {
            **asdict(self),
            "passed": self.passed,
            "first_failure": first.where if first else None,
            "cancelling": self.cancelling,
        }

    def to_json(self) -> str:
        """The whole report as a JSON object."""
        return json.dumps(self.to_dict(), indent=1)


def write_json(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports as one JSON list; the file appears whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps([report.to_dict() for report in reports], indent=1) + "\n")
