"""How several tensors are one: what an entry says of its torch keys, and of its Keras variables."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np


class Parts(ABC):
    """Several tensors that are one.

    `join` and `separate` work on values; with `gradient=True` `join` works on gradients and on optimizer slots, where
    the tensors that are not trained are None. They raise ValueError for arrays that do not fit.
    """

    sign: ClassVar[str] = " + "

    @abstractmethod
    def join(self, parts: Sequence[np.ndarray | None], gradient: bool = False) -> np.ndarray:
        """The parts as one array."""

    @abstractmethod
    def separate(self, whole: np.ndarray, count: int) -> list[np.ndarray]:
        """The array as `count` parts, such that `join` gives it back bit for bit."""

    def suffices(self, given: Sequence[bool], gradient: bool = False) -> bool:
        """Whether `join` can do with the parts that are given."""
        return all(given)


@dataclass(frozen=True)
class Single(Parts):
    """One tensor that is one."""

    def join(self, parts, gradient=False):
        (whole,) = parts
        return whole

    def separate(self, whole, count):
        return [whole]


@dataclass(frozen=True)
class Sum(Parts):
    """The whole is the sum of its parts, as Keras's one bias of an LSTM is of torch's two.

    Separated, the first part is the whole and the others are zero. The gradient of a sum is that of any of its terms.
    """

    def join(self, parts, gradient=False):
        if gradient:
            return next(part for part in parts if part is not None)
        return reduce(np.add, _alike(parts))

    def separate(self, whole, count):
        # x + -0.0 is x for every x, -0.0 included.
        return [whole, *(np.full_like(whole, -0.0) for _ in range(count - 1))]

    def suffices(self, given, gradient=False):
        return any(given) if gradient else all(given)


@dataclass(frozen=True)
class Stack(Parts):
    """The parts lie along an axis that only the whole has, as the two biases of Keras's GRU."""

    axis: int = 0

    def join(self, parts, gradient=False):
        return np.stack(_alike(parts), self.axis)

    def separate(self, whole, count):
        if whole.shape[self.axis] != count:
            raise ValueError(f"axis {self.axis} of {whole.shape} is not of size {count}")
        return [np.ascontiguousarray(np.take(whole, i, self.axis)) for i in range(count)]


@dataclass(frozen=True)
class Concatenation(Parts):
    """The parts lie one behind the other along an axis, as query, key and value in torch's `in_proj_weight`.

    Attributes:
        axis: of the whole in torch's layout.
        sizes: of the parts along it; None if all have the same.
    """

    axis: int = 0
    sizes: tuple[int, ...] | None = None

    def join(self, parts, gradient=False):
        return np.concatenate(list(parts), self.axis)

    def separate(self, whole, count):
        size = whole.shape[self.axis]
        sizes = self.sizes or (size // count,) * count
        if len(sizes) != count or sum(sizes) != size:
            raise ValueError(f"axis {self.axis} of {whole.shape} cannot be cut into {count} parts of sizes {sizes}")
        return [np.ascontiguousarray(part) for part in np.split(whole, np.cumsum(sizes)[:-1], self.axis)]


@dataclass(frozen=True)
class Tied(Parts):
    """Every part is the whole, as an embedding that is also the output projection.

    Reading checks that all parts are equal. The gradient of the whole is the sum of those of its parts.
    """

    sign: ClassVar[str] = " = "

    def join(self, parts, gradient=False):
        given = _alike([part for part in parts if part is not None])
        if gradient:
            return reduce(np.add, given)
        if any(part.tobytes() != given[0].tobytes() for part in given[1:]):
            raise ValueError("they are one tensor in the model, but differ")
        return given[0]

    def separate(self, whole, count):
        return [whole] * count

    def suffices(self, given, gradient=False):
        return any(given) if gradient else all(given)


SINGLE = Single()


def _alike(parts: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    """The parts, all of one shape; nothing is broadcast."""
    shapes = [part.shape for part in parts]
    if len(set(shapes)) > 1:
        raise ValueError(f"they have the shapes {', '.join(map(str, shapes))}")
    return parts
