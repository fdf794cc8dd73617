"""What a plan is, and what it makes of the lengths of a feature set's utterances."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from tfvc.common.errors import TfvcError


class Rows(NamedTuple):
    """The rows of a batch.

    Attributes:
        items: int64 [rows], which utterance.
        starts: int64 [rows], the first frame that is taken of it.
        counts: int64 [rows], how many are taken, as far as there are so many.
        frames: of every row; what an utterance lacks is padded.
    """

    items: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    frames: int


class Schedule(Protocol):
    """The batches of utterances of given lengths: pure arithmetic on the step.

    Attributes:
        steps: how many batches there are; None for no end.
        shape: (rows, frames) of every batch, None where they vary.
    """

    steps: int | None
    shape: tuple[int | None, int | None]

    def rows(self, step: int) -> Rows:
        """Those of a step. Nothing is carried from one step to the next."""


class Plan(Protocol):
    """How utterances are cut and gathered, whichever they are."""

    def schedule(self, lengths: Sequence[int]) -> Schedule:
        """The batches of utterances of these lengths, in frames. Raises TfvcError where there can be none."""


def require_positive(name: str, value: int) -> None:
    """Raises TfvcError for a number below 1."""
    if value < 1:
        raise TfvcError(f"{name} is {value}; it must be at least 1")


def require_lengths(lengths: Sequence[int], purpose: str) -> np.ndarray:
    """The lengths, int64. Raises TfvcError where there are none."""
    if not len(lengths):
        raise TfvcError(f"no utterances to {purpose}; check the choice of speakers")
    return np.asarray(lengths, dtype=np.int64)
