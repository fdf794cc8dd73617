"""Why a layer could not be compared with its partner."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.findings.raised import Raised


class Reason(StrEnum):
    """In which respect the two do not fit each other."""

    INPUT_COUNT = "count of inputs"
    INPUT_SHAPE = "shape of inputs"
    OUTPUT_COUNT = "count of outputs"
    OUTPUT_SHAPE = "shape of outputs"
    CALLS = "calls"  # of one side alone, or not equally many
    RAISED = "raised"


@dataclass(frozen=True)
class NotCompared:
    """One reason.

    Attributes:
        reason: which.
        torch, keras: the two counts or shapes.
        raised: what one of them raised when it was run by itself.
        hides: whether the layer may be wrong unseen; where only some outputs are left out it is judged by the others.
    """

    reason: Reason
    torch: int | tuple[int, ...] | None = None
    keras: int | tuple[int, ...] | None = None
    raised: Raised | None = None

    @property
    def hides(self) -> bool:
        return self.reason is not Reason.OUTPUT_COUNT or not self.torch or not self.keras
