"""Why a culprit is wrong."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.words import failure_words


class Fault(StrEnum):
    """What is wrong: between layers, the parts of the culprit are right, but not what lies between them."""

    LAYER = "layer"
    BETWEEN_LAYERS = "between layers"
    LOSS = "loss"
    CLIPPING = "gradient clipping"
    OPTIMIZER = "optimizer"


@dataclass(frozen=True)
class Evidence:
    """One hypothesis that was tried on the culprit: the relative error without it and with it."""

    hypothesis: str
    error_before: float
    error_after: float
    explains: bool


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
        between = self.kind is Fault.BETWEEN_LAYERS
        return f"between the layers of {self.culprit}{keras}" if between else self.culprit + keras

    @property
    def why(self) -> str:
        """The cause, or what is known without one; in words."""
        rounding = self.row.failure(FailureKind.ROUNDING)
        return self.cause or (failure_words(rounding) if rounding else "no known difference explains it")

    @property
    def text(self) -> str:
        """Two sentences, or what is known without a cause."""
        return f"{self.cause or self.why[0].upper() + self.why[1:] + '.'} {self.fix}"
