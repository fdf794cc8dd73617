"""Why a culprit is wrong."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.words import failure_words


class Fault(StrEnum):
    """What is wrong.

    Between layers: the parts of the culprit are right, but not what lies between them. In or behind, in or around: the
    culprit is a layer that could not be compared by itself; what it was fed is right, or not known either.
    """

    LAYER = "layer"
    IN_OR_BEHIND = "in or behind"
    IN_OR_AROUND = "in or around"
    BETWEEN_LAYERS = "between layers"
    LOSS = "loss"
    CLIPPING = "gradient clipping"
    OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class Evidence:
    """One hypothesis that was tried on the culprit: the relative error without it and with it.

    `raised` is what it raised instead of explaining anything.
    """

    hypothesis: str
    error_before: float
    error_after: float
    explains: bool
    raised: Raised | None = None


@dataclass(frozen=True)
class Diagnosis:
    """Why a culprit is wrong.

    Attributes:
        culprit: torch's path of the layer, or "loss", "gradient clipping", "optimizer", as `kind` says.
        kind: what is wrong.
        keras: where that is in the Keras model.
        row: the first row that failed there.
        hypothesis: the known difference that makes the error vanish; empty if none does.
        cause, fix: a sentence each.
        evidence: what was tried, what explains the error first.
    """

    culprit: str
    kind: Fault
    keras: str
    row: Row
    hypothesis: str = ""
    cause: str = ""
    fix: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def place(self) -> str:
        """The culprit, in words."""
        keras = f" (Keras: {self.keras})" if self.keras else ""
        match self.kind:
            case Fault.BETWEEN_LAYERS:
                return f"between the layers of {self.culprit}{keras}"
            case Fault.IN_OR_BEHIND | Fault.IN_OR_AROUND:
                return f"{self.kind} {self.culprit}{keras}"
            case _:
                return self.culprit + keras

    @property
    def why(self) -> str:
        """The cause, or what is known without one; in words."""
        rounding = self.row.failure(FailureKind.ROUNDING)
        return self.cause or (failure_words(rounding) if rounding else "no known difference explains it")

    @property
    def text(self) -> str:
        """Two sentences, or what is known without a cause."""
        return f"{self.cause or self.why[0].upper() + self.why[1:] + '.'} {self.fix}"
