"""Padding that one of the two models puts around a tensor before the layer that takes it, where the other's layer pads.

The two layers then take tensors of other sizes. What stands around the larger tensor says how it was padded: its border
is zero, or one constant, or repeats what is inside. Without it both layers take the same, and each is run with what its
own model puts around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfvc.parity.tracing.axes import by_kind, layout_of
from tfvc.weights import Layout

# NumPy's names of the ways to pad by what is inside.
_REPEATING = ("reflect", "edge", "wrap", "symmetric")
# A border of so many elements is not one value by chance.
_ENOUGH = 16


@dataclass(frozen=True)
class Border:
    """What stands around a tensor along one axis.

    Attributes:
        axis: of torch's layout.
        before, after: how many rows.
        mode: as `numpy.pad` calls it.
        value: of a constant border.
    """

    axis: int
    before: int
    after: int
    mode: str
    value: float = 0.0

    def rows(self, size: int) -> np.ndarray:
        """Which row of the inside, of `size` rows, each row is; of borders that repeat it."""
        return np.pad(np.arange(size), (self.before, self.after), self.mode)


@dataclass(frozen=True)
class Padding:
    """What one model puts around a tensor outside of the layer; nothing by itself."""

    borders: tuple[Border, ...] = ()

    def without(self, array: np.ndarray) -> np.ndarray:
        """What is inside, of an array in torch's layout."""
        for border in self.borders:
            inside = slice(border.before, array.shape[border.axis] - border.after)
            array = array[(slice(None),) * border.axis + (inside,)]
        return array

    def around_torch(self, x: Any) -> Any:
        """A torch tensor, padded."""
        import torch

        for border in self.borders:
            axis, size = border.axis, x.shape[border.axis]
            if border.mode != "constant":
                x = x.index_select(axis, torch.from_numpy(border.rows(size)))
                continue
            shapes = [
                [n if i != axis else rows for i, n in enumerate(x.shape)] for rows in (border.before, border.after)
            ]
            before, after = (x.new_full(shape, border.value) for shape in shapes)
            x = torch.cat([before, x, after], axis)
        return x

    def around_keras(self, x: tf.Tensor, layout: Layout) -> tf.Tensor:
        """A tensor in Keras's layout, padded."""
        for border in self.borders:
            axis = layout.axes[border.axis] if layout.axes else border.axis
            if border.mode != "constant":
                x = tf.gather(x, border.rows(x.shape[axis]), axis=axis)
                continue
            sides = [(border.before, border.after) if i == axis else (0, 0) for i in range(len(x.shape))]
            x = tf.pad(x, sides, constant_values=tf.constant(border.value, x.dtype))
        return x


NO_PADDING = Padding()


def padding_outside(module: Any, theirs: np.ndarray, ours: np.ndarray) -> tuple[Layout, Padding, Padding] | None:
    """How the input of a layer that slides a kernel crosses where the two are of other sizes.

    Args:
        module: of torch.
        theirs, ours: what torch's and Keras's layer were given, each in its own layout.

    Returns:
        The layout, and what stands around torch's and around Keras's; None if padding does not explain the sizes.
    """
    layout = layout_of(by_kind(module, theirs.ndim))
    return padding_between(layout, theirs, ours) if layout is not None and hasattr(module, "kernel_size") else None


def padding_between(layout: Layout, theirs: np.ndarray, ours: np.ndarray) -> tuple[Layout, Padding, Padding] | None:
    """The same, of a layer that is known to slide a kernel over what is laid out so."""
    if theirs.ndim != ours.ndim:
        return None
    ours = layout.to_torch(ours)
    if theirs.shape[:2] != ours.shape[:2] or theirs.shape == ours.shape:
        return None
    around: tuple[list[Border], list[Border]] = [], []
    for axis in range(2, theirs.ndim):
        surplus = ours.shape[axis] - theirs.shape[axis]
        if surplus:
            border = _border(ours if surplus > 0 else theirs, axis, abs(surplus))
            if border is None:
                return None
            around[surplus > 0].append(border)
    return layout, Padding(tuple(around[0])), Padding(tuple(around[1]))


def _border(array: np.ndarray, axis: int, rows: int) -> Border | None:
    """The border of so many rows along an axis, as even as can be; None if there is none that is padding."""
    array = np.moveaxis(array, axis, 0)
    for before in sorted(range(rows + 1), key=lambda n: abs(2 * n - rows)):
        after = rows - before
        inside, outside = array[before : len(array) - after], _ends(array, before, after)
        value = outside.flat[0]
        if (outside == value).all() and (value == 0 or np.isinf(value) or outside.size >= _ENOUGH):
            return Border(axis, before, after, "constant", float(value))
        for mode in _REPEATING:
            border = Border(axis, before, after, mode)
            if len(inside) > 1 and np.array_equal(outside, inside[_ends(border.rows(len(inside)), before, after)]):
                return border
    return None


def _ends(array: np.ndarray, before: int, after: int) -> np.ndarray:
    return np.concatenate([array[:before], array[len(array) - after :]])


def around_first(tensors: Sequence[Any], padded: Any) -> list[Any]:
    """The tensors, the first of them as `padded` makes it."""
    return [padded(tensors[0]), *tensors[1:]] if tensors else []
