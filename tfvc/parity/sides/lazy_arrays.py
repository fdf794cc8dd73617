"""Named arrays that are made when they are looked at: the weights of a large model in torch's layout, one at a time."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class LazyArrays(Mapping[str, np.ndarray]):
    """A mapping whose values are computed anew at each access.

    Args:
        makers: name -> function that gives the array.
    """

    def __init__(self, makers: Mapping[str, Callable[[], np.ndarray]]):
        self._makers = dict(makers)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def only(self, wanted: Callable[[str], bool]) -> "LazyArrays":
        """Those whose name is wanted."""
        return LazyArrays({name: make for name, make in self._makers.items() if wanted(name)})

    def renamed(self, others: Mapping[str, str]) -> "LazyArrays":
        """With some names having the arrays of others: name -> the other."""
        return LazyArrays({name: self._makers[others.get(name, name)] for name in self._makers})

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> "LazyArrays":
        """With a function applied to each."""
        return LazyArrays({name: lambda make=make: function(make()) for name, make in self._makers.items()})
