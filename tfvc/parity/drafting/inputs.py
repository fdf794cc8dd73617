"""What two models are called with, as said on a command line or read off a Keras model."""

import re
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from tfvc.common.errors import TfvcError

_SYNTAX = re.compile(r"(?:(?P<name>[A-Za-z_]\w*)=)?(?P<shape>[1-9]\d*(?:,[1-9]\d*)*)(?::(?P<below>[1-9]\d*))?")
# What stands in for a size that a Keras model leaves open; the batch is not 1, so that what mixes rows is seen.
_BATCH, _OPEN = 2, 17


@dataclass(frozen=True)
class InputSpec:
    """One input.

    Attributes:
        name: of the case's own choosing.
        shape: with the batch, in the Keras model's layout.
        below: for integers, the number that they lie below; None for normally distributed floats.
    """

    name: str
    shape: tuple[int, ...]
    below: int | None = None

    @classmethod
    def parse(cls, text: str, number: int) -> Self:
        """Reads `x=2,40,80` or, of integers below 100, `ids=2,40:100`; the name may be left out.

        Raises:
            TfvcError: for anything else.
        """
        found = _SYNTAX.fullmatch(text)
        if found is None:
            raise TfvcError(f"input {text!r}: give NAME=SIZES, as x=2,40,80, or ids=2,40:100 for integers below 100")
        shape = tuple(int(size) for size in found["shape"].split(","))
        return cls(found["name"] or f"x{number}", shape, int(found["below"]) if found["below"] else None)

    @classmethod
    def of_keras(cls, tensor: Any, number: int) -> Self:
        """An input of a functional Keras model."""
        first, *others = tensor.shape
        shape = (first or _BATCH, *(size or _OPEN for size in others))
        # Integers are mostly indices, and every table has two rows.
        return cls(f"x{number}", shape, 2 if "int" in tensor.dtype else None)

    @property
    def code(self) -> str:
        """The expression that draws it from `rng`."""
        size = ", ".join(map(str, self.shape)) + ("," if len(self.shape) == 1 else "")
        return f"rng.standard_normal(({size}))" if self.below is None else f"rng.integers(0, {self.below}, ({size}))"

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        if self.below is None:
            return rng.standard_normal(self.shape).astype(np.float32)
        return rng.integers(0, self.below, self.shape)
