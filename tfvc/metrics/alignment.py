"""Dynamic time warping: which frame of one recording is said with which frame of another."""

import librosa
import numpy as np

from tfvc.common.errors import TfvcError

# The table of all pairs of frames takes 20 bytes a pair: 2 GB.
_MOST_PAIRS = 10**8


def align(reference: np.ndarray, hypothesis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The cheapest way through both, step by step forward in one or in both, by Euclidean distance.

    Args:
        reference, hypothesis: frames `[frames, values]`.

    Returns:
        Frame numbers of the one and of the other, `[steps]` each.

    Raises:
        TfvcError: if the two are too long for the exact search.
    """
    if len(reference) * len(hypothesis) > _MOST_PAIRS:
        raise TfvcError(
            f"recordings of {len(reference)} and {len(hypothesis)} frames are too long to be aligned; cut them into "
            "pieces of a minute"
        )
    _, path = librosa.sequence.dtw(reference.T, hypothesis.T, metric="euclidean")
    return path[::-1, 0], path[::-1, 1]
