"""One request for random zeros."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """A dropout that a model asked for in training.

    Attributes:
        rate: the share of what is dropped, in [0, 1].
        size: how many elements are drawn; less than the tensor has, where whole channels are dropped.
        path: of the innermost module or layer that asked.
        within: in Keras, the paths of all layers that it was called in, the outermost first.
    """

    rate: float
    size: int
    path: str = ""
    within: tuple[str, ...] = ()
