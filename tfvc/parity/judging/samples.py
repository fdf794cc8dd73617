"""What the four models of a comparison give, tensor by tensor."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Stage
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample, judge


class Samples(Mapping[str, Sample]):
    """Samples that are put together when they are looked at: of the names that all sides have.

    Args:
        sides: the arrays of each side.

    Attributes:
        missing: the names that not all sides have.
    """

    def __init__(self, sides: FourOf[Mapping[str, np.ndarray]]):
        self._sides = sides
        everything = dict.fromkeys(name for side in sides for name in side)
        self._names = [name for name in everything if all(name in side for side in sides)]
        self.missing = [name for name in everything if not all(name in side for side in sides)]

    def __getitem__(self, name: str) -> Sample:
        return self._sides.map(lambda side: np.asarray(side[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def missing_failure(self, name: str) -> Failure:
        """Who gives what not all sides give."""
        shapes = self._sides.map(lambda side: np.asarray(side[name]).shape if name in side else None)
        return Failure(FailureKind.MISSING, shapes.torch64, shapes.keras64)


def judge_all(samples: Samples, stage: Stage, *args: Any, **settings: Any) -> list[Row]:
    """`judge`'s rows, and one that fails for each tensor that not all sides give."""
    missing = [Row(stage, name, Verdict.FAIL, (samples.missing_failure(name),)) for name in samples.missing]
    return [*judge(samples, stage, *args, **settings), *missing]
