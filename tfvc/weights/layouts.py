"""How the axes of one tensor cross: torch stores what is multiplied from the left, Keras from the right.

A layout serves values, gradients and optimizer slots alike.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """A permutation of axes: torch's axis i is Keras's `axes[i]`; None if both have the same layout."""

    axes: tuple[int, ...] | None

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        """From Keras's layout to torch's; contiguous."""
        return array if self.axes is None else np.ascontiguousarray(np.transpose(array, self.axes))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """From torch's layout to Keras's; contiguous."""
        return array if self.axes is None else np.ascontiguousarray(np.transpose(array, np.argsort(self.axes)))


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


SAME = Layout(None)
MATRIX = Layout((1, 0))  # (in, out) and (out, in)
CONV = Layout((2, 1, 0))  # (k, in, out) and (out, in, k); transposed convolutions (k, out, in) and (in, out, k)
COLUMN = Layout((3, 2, 1, 0))  # (1, k, in, out) and (out, in, k, 1)
CONV_2D = Layout((3, 2, 0, 1))  # (h, w, in, out) and (out, in, h, w); transposed (h, w, out, in) and (in, out, h, w)
CONV_3D = Layout((4, 3, 0, 1, 2))
# Keras's GRU has its gates in the order z, r, h; torch r, z, n.
GRU_MATRIX, GRU_BIAS = Gates((1, 0), (1, 0, 2)), Gates(None, (1, 0, 2))
