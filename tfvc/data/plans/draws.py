"""Random numbers that depend on a seed and a position alone.

Only NumPy's raw Philox stream is used: it is the part of NumPy's random numbers that no release changes.
"""

from enum import IntEnum

import numpy as np

from tfvc.common.errors import TfvcError

WORDS_PER_BLOCK = 4


class Purpose(IntEnum):
    """What a stream is drawn for; each purpose has a stream of its own."""

    ORDER = 0
    PLACE = 1
    ORDER_IN_BUCKET = 2
    ORDER_OF_BATCHES = 3


def require_seed(seed: int) -> None:
    """Raises TfvcError for what is no seed."""
    if not 0 <= seed < 2**64:
        raise TfvcError(f"seed is {seed}; it must lie between 0 and 2**64 - 1")


def stream(seed: int, purpose: Purpose, counter: tuple[int, int, int, int]) -> np.random.Philox:
    """The raw stream of a purpose from a block on: 256 bits of counter, lowest word first."""
    key = np.array([seed, purpose], dtype=np.uint64)
    return np.random.Philox(key=key, counter=np.array(counter, dtype=np.uint64))


def permutation(count: int, seed: int, purpose: Purpose, epoch: int, part: int = 0) -> np.ndarray:
    """An order of `count` things, drawn for an epoch (and a part of it)."""
    words = stream(seed, purpose, (0, epoch, part, 0)).random_raw(count)
    return np.argsort(words, kind="stable")
