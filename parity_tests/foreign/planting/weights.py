"""Weights that cross wrongly: another order of axes, of heads, of layers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import layers

from parity_tests.foreign.planting.calls import CONVS
from parity_tests.foreign.planting.kind import Kind, Site, words
from tfvc.parity import LayerTable, ParityCase
from tfvc.parity.private_parts import sublayers
from tfvc.weights import SAME, Entry, Layout


@dataclass(frozen=True)
class Changed(Layout):
    """A layout of a tensor that is changed on its way to Keras, and changed back."""

    right: Layout = SAME
    change: Callable[[np.ndarray], np.ndarray] = np.asarray
    undo: Callable[[np.ndarray], np.ndarray] = np.asarray

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        return self.right.to_torch(np.ascontiguousarray(self.undo(array)))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self.change(self.right.to_keras(array)))


def _with(change: Callable, undo: Callable | None = None) -> Callable[[ParityCase, int, Any], ParityCase]:
    """A `plant` that changes a kernel on its way."""

    def plant(case: ParityCase, index: int, value: Any) -> ParityCase:
        def entries(model: keras.Model) -> list[Any]:
            kernel = _kernel(sublayers(model)[index])
            found = list(case.entries(model))
            return [_changed(item) if kernel in map(id, item.variables) else item for item in found]

        def _changed(entry: Entry) -> Entry:
            return replace(entry, layout=Changed(None, entry.layout, change, undo or change))

        return _declaring(case, entries)

    return plant


def _kernel(layer: keras.layers.Layer) -> int:
    return id(layer.kernel)


def _declaring(case: ParityCase, entries: Callable) -> ParityCase:
    """A case with other entries, and the same table."""
    return replace(case, entries=LayerTable(case.entries.layers, entries))


def _exchange(case: ParityCase, index: int, value: int) -> ParityCase:
    """Two layers have each other's weights."""

    def entries(model: keras.Model) -> list[Any]:
        found, parts = list(case.entries(model)), sublayers(model)
        one, other = ([x for x in found if _is_of(x, parts[i])] for i in (index, value))
        keys = {id(a): b.keys for a, b in zip([*one, *other], [*other, *one], strict=True)}
        return [replace(item, keys=keys[id(item)]) if id(item) in keys else item for item in found]

    return _declaring(case, entries)


def _is_of(item: Any, layer: keras.layers.Layer) -> bool:
    own = {id(variable) for variable in layer.weights}
    return isinstance(item, Entry) and any(id(variable) in own for variable in item.variables)


def _alike(site: Site) -> Sequence[int]:
    """Layers of the same class and sizes; their weights cross alone."""
    if not site.crosses_alone("kernel"):
        return ()
    shapes = [tuple(weight.shape) for weight in site.layer.weights]
    return [
        i
        for i, other in enumerate(site.layers)
        if other is not site.layer
        and type(other) is type(site.layer)
        and [tuple(weight.shape) for weight in other.weights] == shapes
        and replace(site, index=i, layer=other).crosses_alone("kernel")
    ]


def _square_windows(site: Site) -> Sequence[None]:
    size = getattr(site.layer, "kernel_size", ())
    return (None,) if isinstance(site.layer, CONVS) and len(size) == 2 and size[0] == size[1] > 1 else ()


def _interleaved(kernel: np.ndarray) -> np.ndarray:
    """Heads and their size in the other order: [in, heads, size] filled as [in, size, heads]."""
    width, heads, size = kernel.shape
    return kernel.reshape(width, size, heads).swapaxes(1, 2)


def _back(kernel: np.ndarray) -> np.ndarray:
    width, heads, size = kernel.shape
    return kernel.swapaxes(1, 2).reshape(width, heads, size)


KINDS = [
    Kind(
        "weights of another layer",
        _alike,
        _exchange,
        words("weights of", "another layer", "exchanged", "order of projections"),
    ),
    Kind(
        "height and width exchanged",
        _square_windows,
        _with(lambda kernel: kernel.swapaxes(0, 1)),
        words("transpos", "height and width", "exchanged"),
    ),
    Kind(
        "kernel backwards",
        lambda site: (None,) if isinstance(site.layer, CONVS) and site.layer.kernel_size[0] > 1 else (),
        _with(lambda kernel: kernel[::-1]),
        words("flipped", "backwards", "reversed"),
    ),
    Kind(
        "heads interleaved",
        lambda site: (
            (None,)
            if isinstance(site.layer, layers.EinsumDense)
            and site.crosses_alone("kernel")
            and len(site.layer.kernel.shape) == 3
            and site.layer.kernel.shape[-1] < site.layer.kernel.shape[0]
            else ()
        ),
        _with(_interleaved, _back),
        words("head", "interleav"),
        around=True,
    ),
    Kind(
        "square matrix not transposed",
        lambda site: (
            (None,)
            if isinstance(site.layer, layers.Dense) and site.layer.kernel.shape[0] == site.layer.kernel.shape[1]
            else ()
        ),
        _with(lambda kernel: kernel.T),
        words("transpos", "axes 0 and 1 exchanged"),
    ),
]
