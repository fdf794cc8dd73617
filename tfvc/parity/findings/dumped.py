"""What is particular to a comparison of two processes, each of which has written what it computed."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class DumpedSide:
    """One of the two.

    Attributes:
        name: what reports call it, `torch` for the reference or `Keras`, whatever it was computed with.
        where: its folder.
        versions: of the packages that it was computed with.
        precisions: those that it has.
    """

    name: str
    where: str
    versions: dict[str, str] = field(default_factory=dict)
    precisions: tuple[str, ...] = ()


class Limit(StrEnum):
    """What such a comparison could not see."""

    CAUSE = "cause"
    DRIFT = "drift"
    GRADIENT_PRECISION = "precision of gradients"
    LAYERS = "layers"
    LOSS = "loss"
    NOISE = "noise"
