"""All that a comparison found."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tfvc.parity.findings.diagnosis import Diagnosis
from tfvc.parity.findings.drift import Drift
from tfvc.parity.findings.dumped import DumpedSide, Limit
from tfvc.parity.findings.environment import Environment
from tfvc.parity.findings.layer import CULPRIT, NOT_COMPARED, UNPAIRED, VICTIM, Layer
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase
from tfvc.parity.findings.unexercised import Unexercised
from tfvc.parity.findings.words import stage_words


@dataclass
class Findings:
    """All that was found in one case from one set of initial weights.

    Attributes:
        case, init, seed: what was compared.
        description: of the case.
        rows: the whole model's tensors, stage by stage, in the order of computation.
        layers: the layers, in the order of torch's calls; empty if layers were not looked at.
        diagnoses: one for each culprit, the first of which is where everything starts.
        raised: what a model, layer, loss, optimizer or hypothesis raised; each once.
        drift: one for each training step.
        ignored: torch keys that the Keras model has no variable for and needs none.
        accepted: differences that the case knows and that the reference was therefore given too.
        held: trainable Keras variables that torch has no tensor for; they were not trained.
        unexercised: parts of torch's functions that no value of the forward passes came to.
        environment: libraries and machine; of two processes, `sides` has them.
        sides: the two, where each was computed in a process of its own.
        limits: what could not be seen because of that.
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
    raised: list[Raised] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    unexercised: list[Unexercised] = field(default_factory=list)
    environment: Environment | None = None
    sides: list[DumpedSide] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    def add_raised(self, raised: Sequence[Raised]) -> None:
        """Adds what was raised; the same of a later stage says nothing new."""
        known = {replace(one, stage=None) for one in self.raised}
        for one in raised:
            if replace(one, stage=None) not in known:
                self.raised.append(one)
                known.add(replace(one, stage=None))

    @property
    def failures(self) -> list[Row]:
        """Rows of the whole model that failed, and after them those of single layers."""
        return [row for row in self.rows if row.failed] + [
            row for layer in self.culprits for row in layer.local if row.failed
        ]

    @property
    def passed(self) -> bool:
        """True if at least one tensor was compared, none failed and nothing was raised."""
        return bool(self.rows) and not self.failures and not self.raised

    @property
    def first_failure(self) -> Row | None:
        """The first stage that went wrong; what comes after it may only be a consequence."""
        return next(iter(self.failures), None)

    @property
    def cancelling(self) -> list[str]:
        """`stage: key` of the tensors judged against the terms that cancel in them."""
        return sorted({f"{stage_words(row.stage)}: {row.key}" for row in self.rows if row.cancelling})

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
    def not_compared(self) -> list[Layer]:
        """The pairs of which nothing is known, or not all."""
        return [layer for layer in self.layers if layer.verdict == NOT_COMPARED]

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The cause of the first failure; None if nothing failed."""
        return next(iter(self.diagnoses), None)

    def worst_error64(self, phase: Phase) -> float:
        """The largest relative float64 error of a phase, cancelling tensors apart."""
        rows = [r for r in self.rows if r.stage.phase == phase and not r.cancelling]
        return max((row.error64 for row in rows if row.error64 is not None), default=0.0)

    def worst_ratio(self, phase: Phase) -> float:
        """The largest float32 error of a phase in units of the measured noise."""
        return max((r.ratio for r in self.rows if r.stage.phase == phase and r.ratio is not None), default=0.0)
