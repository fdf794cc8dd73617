"""Learning rates over a run."""

import math


def cosine(progress: float, first: float, last: float) -> float:
    """From `first` at progress 0 to `last` at 1."""
    return last + (first - last) * 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
