"""The same crops every time: for validation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfvc.data.plans.schedule import Rows, require_lengths, require_positive


@dataclass(frozen=True)
class Middle:
    """Every utterance once, in order, cropped from its middle. The last batch may be smaller.

    Attributes:
        frames: length of a crop. An utterance no longer than that is taken from its start.
        batch_size: rows a step.
    """

    frames: int
    batch_size: int

    def __post_init__(self):
        require_positive("frames", self.frames)
        require_positive("batch size", self.batch_size)

    def schedule(self, lengths: Sequence[int]) -> "MiddleSchedule":
        """The batches of utterances of these lengths."""
        return MiddleSchedule(self, lengths)


class MiddleSchedule:
    """See `Middle` and `Schedule`."""

    def __init__(self, plan: Middle, lengths: Sequence[int]):
        self._plan = plan
        self._starts = np.maximum(require_lengths(lengths, "validate on") - plan.frames, 0) // 2
        self.steps = -(-len(self._starts) // plan.batch_size)
        self.shape = (None, plan.frames)

    def rows(self, step: int) -> Rows:
        """Those of a step."""
        first, frames = int(step) * self._plan.batch_size, self._plan.frames
        items = np.arange(first, min(first + self._plan.batch_size, len(self._starts)))
        return Rows(items, self._starts[items], np.full(len(items), frames), frames)
