"""What the four models of a comparison give, tensor by tensor."""

from collections.abc import Iterator, Mapping

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample


class Samples(Mapping[str, Sample]):
    """Samples that are put together when they are looked at, from the same names on all sides.

    Args:
        sides: the arrays of each side.

    Raises:
        TfvcError: if a name is missing on a side.
    """

    def __init__(self, sides: FourOf[Mapping[str, np.ndarray]]):
        self._sides = sides
        names = [set(side) for side in sides]
        if any(other != names[0] for other in names):
            odd = sorted(set.union(*names) - set.intersection(*names))
            raise TfvcError(f"parity: only one of the two models gives {', '.join(odd)}")

    def __getitem__(self, name: str) -> Sample:
        return self._sides.map(lambda side: np.asarray(side[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._sides.torch64)

    def __len__(self) -> int:
        return len(self._sides.torch64)
