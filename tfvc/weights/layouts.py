"""How each kind of layer crosses: the one table of transposes.

torch stores what is multiplied from the left, Keras what is multiplied from the right. A layout serves values,
gradients and optimizer slots alike. `stock_layouts` has the rows of the layers that come with Keras.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfvc.common.kind_registry import KindRegistry
from tfvc.layers import (
    LSTM,
    BatchNorm,
    ColumnConv2D,
    Conv1D,
    Conv1DTranspose,
    Dense,
    GroupedConv1D,
    SpectralNorm,
    WeightNorm,
)
from tfvc.weights.errors import WeightError


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


SAME = Layout(None)
MATRIX = Layout((1, 0))  # (in, out) and (out, in)
CONV = Layout((2, 1, 0))  # (k, in, out) and (out, in, k); transposed convolutions (k, out, in) and (in, out, k)
CONV2D = Layout((3, 2, 1, 0))  # (1, k, in, out) and (out, in, k, 1)

Row = tuple[str, keras.Variable, Layout]


def _kernel_and_bias(layout: Layout) -> Callable[[keras.layers.Layer], list[Row]]:
    def rows(layer):
        kernel = [("weight", layer.kernel, layout)]
        return [*kernel, ("bias", layer.bias, SAME)] if layer.use_bias else kernel

    return rows


def _weight_norm(layer: WeightNorm) -> list[Row]:
    # torch takes `weight` out of the module and puts g and v behind what is left.
    layout = _kernel_layout(layer.layer)
    rows = [("weight_g", layer.g, layout), ("weight_v", layer.v, layout)]
    return [("bias", layer.layer.bias, SAME), *rows] if layer.layer.use_bias else rows


def _spectral_norm(layer: SpectralNorm) -> list[Row]:
    # Parameters come before buffers.
    rows = [("weight_orig", layer.layer.kernel, _kernel_layout(layer.layer))]
    rows += [("weight_u", layer.u, SAME), ("weight_v", layer.v, SAME)]
    return [("bias", layer.layer.bias, SAME), *rows] if layer.layer.use_bias else rows


def _kernel_layout(layer: keras.layers.Layer) -> Layout:
    return CONV2D if isinstance(layer, ColumnConv2D) else CONV


def _batch_norm(layer: BatchNorm) -> list[Row]:
    return [
        ("weight", layer.gamma, SAME),
        ("bias", layer.beta, SAME),
        ("running_mean", layer.moving_mean, SAME),
        ("running_var", layer.moving_variance, SAME),
        ("num_batches_tracked", layer.num_batches_tracked, SAME),
    ]


def _lstm(layer: LSTM) -> list[Row]:
    if not layer.use_recurrent_bias:
        raise WeightError(
            f"{layer.name}: an LSTM with a single bias has no torch form; build it with recurrent_bias=True"
        )
    return [
        row
        for direction in layer.directions
        for row in (
            (f"weight_ih_{direction.name}", direction.kernel, MATRIX),
            (f"weight_hh_{direction.name}", direction.recurrent_kernel, MATRIX),
            (f"bias_ih_{direction.name}", direction.bias, SAME),
            (f"bias_hh_{direction.name}", direction.recurrent_bias, SAME),
        )
    ]


_KINDS: KindRegistry[Callable[[Any], list[Row]]] = KindRegistry("tfvc.layer_kinds")


def register(kind: type[keras.layers.Layer], rows: Callable[[Any], list[Row]]) -> None:
    """Says how a kind of layer, and what derives from it, crosses to torch.

    A package adds its kinds in a module that it names in the entry-point group `tfvc.layer_kinds`.

    Args:
        kind: the class.
        rows: function from a layer to its torch parameters in torch's order: (name, Keras variable, layout).
    """
    _KINDS.register(kind, rows)


def rows_of(layer: keras.layers.Layer) -> list[Row]:
    """The torch parameters of a layer of a registered kind: (name, Keras variable, layout).

    Raises:
        WeightError: for a layer of an unknown kind that has weights.
    """
    rows = _KINDS.find(layer)
    if rows is not None:
        return rows(layer)
    if layer.weights:
        raise WeightError(
            f"{layer.name}: no table says how a {type(layer).__name__} crosses to torch; register its kind with "
            "tfvc.weights.register, or give its entries yourself"
        )
    return []


def known_kinds() -> tuple[type, ...]:
    """The classes whose crossing is known."""
    return tuple(_KINDS.kinds())


register(Dense, _kernel_and_bias(MATRIX))
for _kind in (Conv1D, Conv1DTranspose, GroupedConv1D):
    register(_kind, _kernel_and_bias(CONV))
register(ColumnConv2D, _kernel_and_bias(CONV2D))
register(WeightNorm, _weight_norm)
register(SpectralNorm, _spectral_norm)
register(BatchNorm, _batch_norm)
register(LSTM, _lstm)
