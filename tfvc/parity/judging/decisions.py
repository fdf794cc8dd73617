"""Decisions, such as a codebook's entry or a token: integers that name the largest of some scores."""

import numpy as np

from tfvc.parity.four_of import FourOf


def is_tie(decisions: FourOf[np.ndarray], scores: FourOf[np.ndarray]) -> bool:
    """Whether decisions that differ were between scores that are alike but for rounding.

    A side that errs by e in its scores takes at worst one that torch, in float64, has 2 e below the largest. Whether e
    itself is rounding is judged where the scores are.

    Args:
        decisions: integers `[...]`.
        scores: `[..., choices]`.
    """
    exact = scores.torch64
    shapes = [*(x.shape for x in decisions), *(x.shape[:-1] for x in scores)]
    if len(set(shapes)) > 1 or any(not np.issubdtype(x.dtype, np.integer) for x in decisions):
        return False
    for chosen, own in zip(decisions, scores, strict=True):
        if own.shape != exact.shape or chosen.size == 0 or chosen.min() < 0 or chosen.max() >= exact.shape[-1]:
            return False
        lost = exact.max(axis=-1) - np.take_along_axis(exact, chosen[..., None], axis=-1)[..., 0]
        if not (lost <= 2 * np.abs(own - exact).max(axis=-1)).all():
            return False
    return True
