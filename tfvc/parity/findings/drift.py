"""How far two training runs are apart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Drift:
    """How far two training runs are apart after a step, in the weights.

    `free`: neither run knows of the other. `resynchronised`: both took this step from torch's state. Only the second
    can be a bug; an error that the first has and the second has not is rounding that has grown. The second is None
    where nothing called for it.

    Errors are the largest relative float64 error of any weight (`key`: of which) and the largest float32 ratio.
    """

    step: int
    free_error64: float
    free_ratio: float
    free_key: str
    resynchronised_error64: float | None
    resynchronised_ratio: float | None
    drifted: bool
