"""What a comparison found: rows that can be printed, raised and written as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

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

    def worst_precision(self, phase: str) -> float:
        """The largest noise of Keras in units of torch's, cancelling tensors apart."""
        rows = [r for r in self.rows if r.phase == phase and not r.cancelling]
        return max((row.precision for row in rows if row.precision is not None), default=0.0)

    def summary(self) -> str:
        """One line: verdict, how many tensors, the worst figures of each phase."""
        figures = "; ".join(
            f"{phase} {self.worst_error64(phase):.1e}, float32 {self.worst_ratio(phase):.1f} x noise"
            for phase in dict.fromkeys(row.phase for row in self.rows)
        )
        verdict = "PASS" if self.passed else "FAIL"
        if self.first_failure:
            verdict += f" at {self.first_failure.where}"
        return f"{self.case} [{self.init}] {verdict}: {len(self.rows)} tensors; {figures}; {self.seconds:.0f} s"

    def table(self, limit: int = 20) -> Table:
        """The failures and then the tensors nearest to their bounds, as a rich table."""
        table = Table(
            "phase", "stage", "tensor", "float64", "bound", "float32", "noise", "ratio", "precision", "ULP", ""
        )
        table.title = self.summary()
        for row in self._worst_first()[:limit]:
            step = "" if row.step is None else f" {row.step}"
            figures = [row.error64, row.bound64, row.error32, row.noise32]
            table.add_row(
                row.phase + step,
                row.stage,
                row.key + (" (cancelling)" if row.cancelling else ""),
                *("" if x is None else f"{x:.1e}" for x in figures),
                "" if row.ratio is None else f"{row.ratio:.1f}",
                "" if row.precision is None else f"{row.precision:.1f}",
                "" if row.ulps is None else f"{row.ulps:.0f}",
                row.reason or row.verdict,
                style="red" if row.failed else None,
            )
        return table

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

    def _worst_first(self) -> list[Row]:
        return sorted(self.rows, key=lambda row: (not row.failed, -self._strain(row)))

    def _strain(self, row: Row) -> float:
        """How near a tensor is to its float64 bound."""
        if row.error64 is None:
            return 0.0
        return row.error64 / row.bound64 if row.bound64 else 0.0


def write_json(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports as one JSON list; the file appears whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps([report.to_dict() for report in reports], indent=1) + "\n")
