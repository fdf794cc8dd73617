"""What a comparison found: rows, layers and causes, that can be printed, raised and written as JSON."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console

from tfvc.common.atomic import atomic_file
from tfvc.parity.findings.layer import CULPRIT, UNPAIRED, VICTIM, Diagnosis, Drift, Environment, Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.show import terminal as tables

SCHEMA = 1


class ParityError(AssertionError):
    """The two sides differ; the message is the report's table, culprit first."""


@dataclass
class Report:
    """All that was found in one case from one set of initial weights.

    Attributes:
        case, init, seed: what was compared.
        description: of the case.
        rows: the whole model's tensors, stage by stage, in the order of computation.
        layers: the layers, in the order of torch's calls; empty if layers were not looked at.
        diagnoses: one for each culprit, the first of which is where everything starts.
        drift: one for each training step.
        ignored: torch keys that the Keras model has no variable for and needs none.
        accepted: differences that the case knows and that the reference was therefore given too.
        environment: libraries and machine.
        seconds: wall time.
    """

    case: str
    init: str
    seed: int
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    description: str = ""
    layers: list[Layer] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    environment: Environment | None = None

    @property
    def failures(self) -> list[Row]:
        """Rows of the whole model that failed, and after them those of single layers."""
        return [row for row in self.rows if row.failed] + [
            row for layer in self.culprits for row in layer.local if row.failed
        ]

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

    @property
    def culprits(self) -> list[Layer]:
        """The layers that are wrong by themselves."""
        return [layer for layer in self.layers if layer.verdict == CULPRIT]

    @property
    def victims(self) -> list[Layer]:
        """The layers that are right but were fed something wrong."""
        return [layer for layer in self.layers if layer.verdict == VICTIM]

    @property
    def unpaired(self) -> list[Layer]:
        """What was compared only as a part of something larger."""
        return [layer for layer in self.layers if layer.verdict == UNPAIRED]

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The cause of the first failure; None if nothing failed."""
        return next(iter(self.diagnoses), None)

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

    def table(self, limit: int = 8):
        """What a terminal shows: the culprit and its cause, then the layers, then the stages; for `rich` to print."""
        return tables.whole(self, limit)

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
        """Everything in the report as plain values; lists and what is derived from them included."""
        first = self.first_failure
        return {
            "schema": SCHEMA,
            **asdict(self),
            "passed": self.passed,
            "first_failure": first.where if first else None,
            "cancelling": self.cancelling,
            "culprits": [layer.name for layer in self.culprits],
        }

    def to_json(self) -> str:
        """The whole report as a JSON object."""
        return json.dumps(self.to_dict(), indent=1)


def write_json(reports: Sequence[Report], path: str | Path) -> None:
    """Writes reports as one JSON list; the file appears whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps([report.to_dict() for report in reports], indent=1) + "\n")
