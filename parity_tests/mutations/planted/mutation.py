"""What a planted bug is."""

from collections.abc import Callable
from dataclasses import dataclass

from tfvc.parity import ParityCase

FORWARD, BACKWARD, TRAIN = ("forward",), ("forward", "backward"), ("train",)


@dataclass(frozen=True)
class Mutation:
    """A planted bug.

    Attributes:
        name: in the kill matrix.
        difference: what it is an example of, a row of the differences between the frameworks.
        case: makes the pair with the bug in it.
        phases: those that are run.
        culprit: where the report must say that it is.
        cause: how the name of the hypothesis must begin; several where two names are right.
    """

    name: str
    difference: str
    case: Callable[[], ParityCase]
    phases: tuple[str, ...]
    culprit: str
    cause: str | tuple[str, ...]
