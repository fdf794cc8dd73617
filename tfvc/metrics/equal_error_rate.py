"""How well one threshold tells two sets of scores apart."""

from collections.abc import Sequence

import numpy as np


def equal_error_rate(genuine: Sequence[float], impostor: Sequence[float]) -> float:
    """The rate of errors at the threshold where as many genuine scores lie below it as impostor scores lie above.

    With cosines of converted speech to its target as genuine and to its source as impostor: 0 where every conversion is
    nearer to its target than any is to its source, 0.5 where the two cannot be told apart, 1 where nothing was
    converted at all.

    Args:
        genuine, impostor: scores, higher for more alike.
    """
    thresholds = np.unique(np.concatenate([genuine, impostor, [np.inf]]))
    missed = np.searchsorted(np.sort(genuine), thresholds) / len(genuine)
    accepted = 1.0 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    # `missed` rises and `accepted` falls with the threshold; between the two thresholds where they cross, a line.
    after = int(np.argmax(missed >= accepted))
    if after == 0 or missed[after] == accepted[after]:
        return float((missed[after] + accepted[after]) / 2)
    gap, next_gap = accepted[after - 1] - missed[after - 1], missed[after] - accepted[after]
    weight = gap / (gap + next_gap)
    return float(missed[after - 1] + weight * (missed[after] - missed[after - 1]))
