"""Whole utterances, those of similar length together: what text-to-speech models train on."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.data.plans.draws import Purpose, permutation, require_seed
from tfvc.data.plans.schedule import Rows, require_lengths, require_positive


@dataclass(frozen=True)
class Buckets:
    """Endless epochs over whole utterances, grouped by length into padded batches.

    From the longest utterance down, a bucket takes all that are at least 1 / `stretch` as long as its longest, and its
    batches are padded to that longest: a row is padded to less than `stretch` times its length (and a frame), and there
    are few different shapes. Each epoch visits every utterance once. The order in a bucket and that of the batches are
    drawn from (seed, epoch); the last batch of a bucket may be smaller. An epoch has always the same number of batches,
    so that starting at any step gives what an uninterrupted run has there.

    Attributes:
        batch_size: the most rows a step.
        seed: 0 to 2**64 - 1.
        stretch: above 1.
    """

    batch_size: int
    seed: int
    stretch: float = 1.25

    def __post_init__(self):
        require_positive("batch size", self.batch_size)
        require_seed(self.seed)
        if not self.stretch > 1:
            raise TfvcError(f"stretch is {self.stretch}; it must be above 1")

    def schedule(self, lengths: Sequence[int]) -> "BucketSchedule":
        """The batches of utterances of these lengths."""
        return BucketSchedule(self, lengths)


class BucketSchedule:
    """See `Buckets` and `Schedule`.

    Attributes:
        steps_per_epoch: batches of an epoch.
    """

    steps = None
    shape = (None, None)

    def __init__(self, plan: Buckets, lengths: Sequence[int]):
        self._plan = plan
        self._lengths = require_lengths(lengths, "draw batches from")
        self._buckets = _grouped(self._lengths, plan.stretch)
        # (bucket, first rank in its order) of each batch.
        self._batches = [(b, r) for b, items in enumerate(self._buckets) for r in range(0, len(items), plan.batch_size)]
        self.steps_per_epoch = len(self._batches)
        self._epoch = functools.lru_cache(maxsize=4)(self._drawn_epoch)

    def rows(self, step: int) -> Rows:
        """Those of a step."""
        epoch, rank = divmod(int(step), self.steps_per_epoch)
        order_of_batches, orders = self._epoch(epoch)
        bucket, first = self._batches[order_of_batches[rank]]
        items = self._buckets[bucket][orders[bucket][first : first + self._plan.batch_size]]
        counts = self._lengths[items]
        return Rows(items, np.zeros_like(items), counts, int(self._lengths[self._buckets[bucket]].max()))

    def _drawn_epoch(self, epoch: int) -> tuple[np.ndarray, list[np.ndarray]]:
        seed = self._plan.seed
        orders = [
            permutation(len(items), seed, Purpose.ORDER_IN_BUCKET, epoch, bucket)
            for bucket, items in enumerate(self._buckets)
        ]
        return permutation(self.steps_per_epoch, seed, Purpose.ORDER_OF_BATCHES, epoch), orders


def _grouped(lengths: np.ndarray, stretch: float) -> list[np.ndarray]:
    """Indices of the utterances of each bucket."""
    left = np.argsort(-lengths, kind="stable")
    buckets = []
    while len(left):
        size = int(np.searchsorted(-lengths[left], -lengths[left[0]] / stretch, side="right"))
        buckets.append(left[:size])
        left = left[size:]
    return buckets
