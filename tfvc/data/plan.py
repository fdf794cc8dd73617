"""Which utterances and which crops make up the batch of a step: pure arithmetic on (seed, step).

Position p (= step * batch size + row) counts rows through the whole of training. Epoch p // n is a permutation of the
n utterances drawn from (seed, epoch); the crop's place is drawn from (seed, p). Nothing is carried from one step to
the next, so starting at any step costs the same and gives what an uninterrupted run has there.

Only NumPy's raw Philox stream is used: it is the part of NumPy's random numbers that no release changes.
"""

import functools
from collections.abc import Sequence

import numpy as np

from tfvc.common.errors import TfvcError

_ORDER, _PLACE = 0, 1
_WORDS_PER_BLOCK = 4


class CropPlan:
    """Endless epochs over utterances, each visited once an epoch, with uniformly random crops.

    Args:
        lengths: length of every utterance, in the unit of `crop`.
        crop: length of a crop. An utterance no longer than that is taken from its start.
        batch_size: rows a step.
        seed: 0 to 2**64 - 1.
    """

    def __init__(self, lengths: Sequence[int], crop: int, batch_size: int, seed: int):
        _require_positive("crop", crop)
        _require_positive("batch size", batch_size)
        if not len(lengths):
            raise TfvcError("no utterances to draw batches from; check the choice of speakers")
        if not 0 <= seed < 2**64:
            raise TfvcError(f"seed is {seed}; it must lie between 0 and 2**64 - 1")
        self.batch_size = batch_size
        self._seed = seed
        self._places = np.maximum(np.asarray(lengths, dtype=np.int64) - crop, 0) + 1
        # Two epochs meet in a batch, and parallel readers may be a few batches apart.
        self._permutation = functools.lru_cache(maxsize=4)(self._drawn_permutation)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Utterance indices [batch] and crop starts [batch] of a step, int64."""
        first = int(step) * self.batch_size
        epochs, ranks = np.divmod(np.arange(first, first + self.batch_size), len(self._places))
        items = np.array([self._permutation(int(epoch))[rank] for epoch, rank in zip(epochs, ranks, strict=True)])
        # A block of the stream belongs to each position; one word of it is used.
        words = self._stream(_PLACE, (first, 0, 0, 0)).random_raw(_WORDS_PER_BLOCK * self.batch_size)
        uniform = (words[::_WORDS_PER_BLOCK] >> np.uint64(11)) * 2.0**-53
        return items, (uniform * self._places[items]).astype(np.int64)

    def _drawn_permutation(self, epoch: int) -> np.ndarray:
        words = self._stream(_ORDER, (0, epoch, 0, 0)).random_raw(len(self._places))
        return np.argsort(words, kind="stable")

    def _stream(self, purpose: int, counter: tuple[int, int, int, int]) -> np.random.Philox:
        key = np.array([self._seed, purpose], dtype=np.uint64)
        return np.random.Philox(key=key, counter=np.array(counter, dtype=np.uint64))


class FixedPlan:
    """Every utterance once, in order, cropped from its middle: for validation. The last batch may be smaller."""

    def __init__(self, lengths: Sequence[int], crop: int, batch_size: int):
        _require_positive("crop", crop)
        _require_positive("batch size", batch_size)
        if not len(lengths):
            raise TfvcError("no utterances to validate on; check the choice of speakers")
        self.batch_size = batch_size
        self._starts = np.maximum(np.asarray(lengths, dtype=np.int64) - crop, 0) // 2
        self.steps = -(-len(self._starts) // batch_size)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Utterance indices and crop starts of a step, int64."""
        first = int(step) * self.batch_size
        items = np.arange(first, min(first + self.batch_size, len(self._starts)))
        return items, self._starts[items]


def _require_positive(name: str, value: int) -> None:
    if value < 1:
        raise TfvcError(f"{name} is {value}; it must be at least 1")
