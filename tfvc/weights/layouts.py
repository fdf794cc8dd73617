"""How the axes of one tensor cross: torch stores what is multiplied from the left, Keras from the right.

A layout serves values, gradients and optimizer slots alike.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Layout:
    """A permutation of axes: torch's axis i is Keras's `axes[i]`; None if both have the same layout."""

    axes: tuple[int, ...] | None

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        """From Keras's layout to torch's; contiguous."""
        return array if not self.axes else np.ascontiguousarray(np.transpose(array, self.axes))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """From torch's layout to Keras's; contiguous."""
        return array if not self.axes else np.ascontiguousarray(np.transpose(array, np.argsort(self.axes)))


@dataclass(frozen=True)
class Gates(Layout):
    """Blocks of gates along Keras's last axis in another order, exchanged in pairs; then the axes."""

    order: tuple[int, ...] = ()

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        return super().to_torch(self._exchange(array))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        return self._exchange(super().to_keras(array))

    def _exchange(self, array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(self.order), axis=-1)
        return np.concatenate([blocks[i] for i in self.order], axis=-1)


@dataclass(frozen=True)
class Flattened(Layout):
    """Several of Keras's axes are one of torch's, as heads and their size are in an attention: then the axes.

    Attributes:
        axes: all of Keras's axes, in the order in which torch has them.
        shape: Keras's.
        torch_shape: torch's.
    """

    shape: tuple[int, ...] = ()
    torch_shape: tuple[int, ...] = ()

    @classmethod
    def of(cls, shape: tuple[int, ...], *groups: tuple[int, ...]) -> Self:
        """Torch's axis i is Keras's axes `groups[i]`, the last running fastest; an empty group is of size 1."""
        axes = tuple(axis for group in groups for axis in group)
        return cls(axes, tuple(shape), tuple(math.prod(shape[axis] for axis in group) for group in groups))

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        return super().to_torch(array).reshape(self.torch_shape)

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        if array.shape != self.torch_shape:
            raise ValueError(f"shape {array.shape} where {self.torch_shape} is wanted")
        return super().to_keras(array.reshape([self.shape[axis] for axis in self.axes]))


SAME = Layout(None)
MATRIX = Layout((1, 0))  # (in, out) and (out, in)
CONV = Layout((2, 1, 0))  # (k, in, out) and (out, in, k); transposed convolutions (k, out, in) and (in, out, k)
COLUMN = Layout((3, 2, 1, 0))  # (1, k, in, out) and (out, in, k, 1)
CONV_2D = Layout((3, 2, 0, 1))  # (h, w, in, out) and (out, in, h, w); transposed (h, w, out, in) and (in, out, h, w)
CONV_3D = Layout((4, 3, 0, 1, 2))
# Keras's GRU has its gates in the order z, r, h; torch r, z, n.
GRU_MATRIX, GRU_BIAS = Gates((1, 0), (1, 0, 2)), Gates(None, (1, 0, 2))
