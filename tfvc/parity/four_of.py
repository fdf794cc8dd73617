"""Four of a kind: of torch and of Keras, in float64 and in float32."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Side(StrEnum):
    """One of the four, as a reader calls it."""

    TORCH64 = "torch float64"
    KERAS64 = "Keras float64"
    TORCH32 = "torch float32"
    KERAS32 = "Keras float32"

    @property
    def is_keras(self) -> bool:
        return self in (Side.KERAS64, Side.KERAS32)


@dataclass(frozen=True)
class FourOf(Generic[T]):
    """One thing for each side; iterating gives them in the order of the fields."""

    torch64: T
    keras64: T
    torch32: T
    keras32: T

    def __iter__(self) -> Iterator[T]:
        return iter((self.torch64, self.keras64, self.torch32, self.keras32))

    @property
    def float64(self) -> tuple[T, T]:
        """Torch's and Keras's in float64."""
        return self.torch64, self.keras64

    @property
    def float32(self) -> tuple[T, T]:
        """Torch's and Keras's in float32."""
        return self.torch32, self.keras32

    @property
    def torch(self) -> tuple[T, T]:
        """Torch's, float64 first."""
        return self.torch64, self.torch32

    @property
    def keras(self) -> tuple[T, T]:
        """Keras's, float64 first."""
        return self.keras64, self.keras32

    def named(self) -> dict[Side, T]:
        return dict(zip(Side, self, strict=True))

    def map(self, function: Callable[[T], U]) -> "FourOf[U]":
        """With a function applied to each."""
        return FourOf(*map(function, self))

    def map_each(self, on_torch: Callable[[T], U], on_keras: Callable[[T], U]) -> "FourOf[U]":
        """With a function applied to torch's, and another to Keras's."""
        return FourOf(on_torch(self.torch64), on_keras(self.keras64), on_torch(self.torch32), on_keras(self.keras32))


def zip_four(function: Callable[..., U], *fours: FourOf[Any]) -> FourOf[U]:
    """A function of what several fours have on each side."""
    return FourOf(*(function(*of_side) for of_side in zip(*fours, strict=True)))


def unzip_four(four: FourOf[Iterable[Any]]) -> tuple[FourOf[Any], ...]:
    """Of four tuples the four first parts, the four second parts, and so on."""
    return tuple(FourOf(*parts) for parts in zip(*four, strict=True))
