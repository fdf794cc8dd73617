"""Random crops: what AutoVC and the vocoders train on.

Position p (= step * batch size + row) counts rows through the whole of training. Epoch p // n is a permutation of the
n utterances drawn from (seed, epoch); the crop's place is drawn from (seed, p). Nothing is carried from one step to
the next, so starting at any step costs the same and gives what an uninterrupted run has there.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfvc.data.plans.draws import WORDS_PER_BLOCK, Purpose, permutation, require_seed, stream
from tfvc.data.plans.schedule import Rows, require_lengths, require_positive


@dataclass(frozen=True)
class Crops:
    """Endless epochs over utterances, each visited once an epoch, with uniformly random crops.

    Attributes:
        frames: length of a crop. An utterance no longer than that is taken from its start.
        batch_size: rows a step (over all replicas together).
        seed: 0 to 2**64 - 1.
    """

    frames: int
    batch_size: int
    seed: int

    def __post_init__(self):
        require_positive("frames", self.frames)
        require_positive("batch size", self.batch_size)
        require_seed(self.seed)

    def schedule(self, lengths: Sequence[int]) -> "CropSchedule":
        """The batches of utterances of these lengths."""
        return CropSchedule(self, lengths)


class CropSchedule:
    """See `Crops` and `Schedule`."""

    steps = None

    def __init__(self, plan: Crops, lengths: Sequence[int]):
        self._plan = plan
        self._places = np.maximum(require_lengths(lengths, "draw batches from") - plan.frames, 0) + 1
        self.shape = (plan.batch_size, plan.frames)
        # Two epochs meet in a batch, and parallel readers may be a few batches apart.
        self._permutation = functools.lru_cache(maxsize=4)(self._drawn_permutation)

    def rows(self, step: int) -> Rows:
        """Those of a step."""
        batch_size, frames = self.shape
        first = int(step) * batch_size
        epochs, ranks = np.divmod(np.arange(first, first + batch_size), len(self._places))
        items = np.array([self._permutation(int(epoch))[rank] for epoch, rank in zip(epochs, ranks, strict=True)])
        # A block of the stream belongs to each position; one word of it is used.
        words = stream(self._plan.seed, Purpose.PLACE, (first, 0, 0, 0)).random_raw(WORDS_PER_BLOCK * batch_size)
        uniform = (words[::WORDS_PER_BLOCK] >> np.uint64(11)) * 2.0**-53
        starts = (uniform * self._places[items]).astype(np.int64)
        return Rows(items, starts, np.full(batch_size, frames), frames)

    def _drawn_permutation(self, epoch: int) -> np.ndarray:
        return permutation(len(self._places), self._plan.seed, Purpose.ORDER, epoch)
