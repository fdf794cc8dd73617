"""What was raised while a comparison ran: a finding like any other."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.findings.stage import Stage
from tfvc.parity.four_of import Side


class Activity(StrEnum):
    """What ran when something was raised."""

    MODELS = "models"
    LAYERS = "layers"
    DIAGNOSIS = "diagnosis"


@dataclass(frozen=True)
class Raised:
    """One exception.

    Attributes:
        activity: what ran: the whole models, their layers one by one, or the search for a cause.
        exception: the name of its type.
        message: the first line of its message that says something.
        stage: where the comparison was; None where what holds this says so.
        side: which of the four models raised it; None if it was none of them alone.
        layer: of the innermost layer that was running torch's path, or Keras's; empty if that is not known.
        frame: `file:line` of the innermost line of the user's code; empty if there is none.
    """

    activity: Activity
    exception: str
    message: str
    stage: Stage | None = None
    side: Side | None = None
    layer: str = ""
    frame: str = ""
