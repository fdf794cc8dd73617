"""Why a tensor fails, with its figures."""

from dataclasses import dataclass
from enum import StrEnum

from tfvc.parity.four_of import Side


class FailureKind(StrEnum):
    """In which respect two tensors differ."""

    SIZE = "size"  # of a weight, which has no place in the other model
    SHAPE = "shape"
    DTYPE = "dtype"
    MISSING = "missing"  # on one side
    DROPPED = "dropped"  # at random, by a dropout
    NOT_FINITE = "not finite"
    TOO_LARGE = "too large"  # for its norm
    INTEGERS = "integers"
    ERROR64 = "float64 error"
    ERROR32 = "float32 error"
    REFERENCE = "reference"  # torch contradicts itself
    PRECISION = "precision"  # lost: float32 noise beyond torch's
    ROUNDING = "float32 rounding"  # a float64 error that is no larger


@dataclass(frozen=True)
class Failure:
    """One respect in which a tensor fails.

    Attributes:
        kind: which.
        torch, keras: the two shapes or dtypes, where these differ; the shape of what only one side gives; what each
            drops.
        side: which of the four is not finite, or gives in float64 what float32 holds.
        figure: the relative float64 error, the float32 error over the noise, Keras's noise over torch's, or the float64
            error in units of float32's rounding.
        bound: the largest figure that passes.
    """

    kind: FailureKind
    torch: tuple[int, ...] | str | None = None
    keras: tuple[int, ...] | str | None = None
    side: Side | None = None
    figure: float | None = None
    bound: float | None = None
