"""How the layers that come with Keras cross to torch: further rows for the table in `layouts`.

A recurrent layer has parameters under names of their own (`weight_ih_l0_reverse`). Keras's LSTM has one bias where
torch has two, and its GRU stacks the two in one variable: such rows name both torch keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from tfvc.weights.crossing import Entry
from tfvc.weights.errors import WeightError
from tfvc.weights.layouts import CONV, MATRIX, SAME, Layout, known_kinds, rows_of

CONV_2D = Layout((3, 2, 0, 1))  # (h, w, in, out) and (out, in, h, w); transposed (h, w, out, in) and (in, out, h, w)
CONV_3D = Layout((4, 3, 0, 1, 2))


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


# Keras's GRU has its gates in the order z, r, h; torch r, z, n.
GRU_MATRIX, GRU_BIAS = Gates((1, 0), (1, 0, 2)), Gates(None, (1, 0, 2))


@dataclass(frozen=True)
class JointEntry(Entry):
    """Several torch tensors that are one Keras variable.

    Attributes:
        parts: torch's keys; `key` is all of them.
        stacked: whether the variable holds them along a first axis; else it holds their sum.
    """

    parts: tuple[str, ...] = ()
    stacked: bool = False

    def join(self, arrays: Sequence[np.ndarray], gradient: bool = False) -> np.ndarray:
        """Torch's tensors as one. The gradient of a sum is that of any of its terms."""
        if self.stacked:
            return np.stack(arrays)
        return arrays[0] if gradient else np.sum(arrays, axis=0)


def stock_entries(path: str, layer: keras.layers.Layer, index: int = 0) -> list[Entry]:
    """The entries of one layer of Keras or of ours, whose torch module has the path `path`.

    Args:
        path: of the torch module; empty if it is the whole model.
        layer: of a kind that the tables know, or derived from one.
        index: for recurrent layers, which layer of torch's stack it is.

    Raises:
        WeightError: for a layer of an unknown kind that has weights.
    """
    prefix = f"{path}." if path else ""
    if isinstance(layer, known_kinds()):
        return [Entry(prefix + name, variable, layout) for name, variable, layout in rows_of(layer)]
    if isinstance(layer, keras.layers.Bidirectional):
        return [
            *_recurrent(prefix, layer.forward_layer, f"l{index}"),
            *_recurrent(prefix, layer.backward_layer, f"l{index}_reverse"),
        ]
    if isinstance(layer, (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)):
        return _recurrent(prefix, layer, f"l{index}")
    rows = next((rows for kind, rows in STOCK_KINDS.items() if isinstance(layer, kind)), None)
    if rows is not None:
        found = [(name, getattr(layer, attribute, None), layout) for name, attribute, layout in rows]
        return [Entry(prefix + name, variable, layout) for name, variable, layout in found if variable is not None]
    if layer.weights:
        raise WeightError(
            f"{layer.name}: no table says how a {type(layer).__name__} crosses to torch; give its entries yourself"
        )
    return []


def _recurrent(prefix: str, layer: keras.layers.RNN, suffix: str) -> list[Entry]:
    cell = layer.cell
    gru = isinstance(layer, keras.layers.GRU)
    matrix, vector = (GRU_MATRIX, GRU_BIAS) if gru else (MATRIX, SAME)
    found = [
        Entry(f"{prefix}weight_ih_{suffix}", cell.kernel, matrix),
        Entry(f"{prefix}weight_hh_{suffix}", cell.recurrent_kernel, matrix),
    ]
    if cell.use_bias:
        parts = (f"{prefix}bias_ih_{suffix}", f"{prefix}bias_hh_{suffix}")
        stacked = gru and cell.reset_after
        found.append(JointEntry(" + ".join(parts), cell.bias, vector, parts, stacked))
    return found


Rows = Sequence[tuple[str, str, Layout]]


def _kernel_and_bias(layout: Layout) -> Rows:
    return [("weight", "kernel", layout), ("bias", "bias", SAME)]


_SCALE_AND_SHIFT: Rows = [("weight", "gamma", SAME), ("bias", "beta", SAME)]

# Kind of layer -> its torch parameters: (name, attribute of the Keras layer, layout); what is None there is left out.
STOCK_KINDS: dict[type, Rows] = {
    keras.layers.Dense: _kernel_and_bias(MATRIX),
    keras.layers.Conv1D: _kernel_and_bias(CONV),
    keras.layers.Conv2D: _kernel_and_bias(CONV_2D),
    keras.layers.Conv3D: _kernel_and_bias(CONV_3D),
    keras.layers.Conv1DTranspose: _kernel_and_bias(CONV),
    keras.layers.Conv2DTranspose: _kernel_and_bias(CONV_2D),
    keras.layers.Conv3DTranspose: _kernel_and_bias(CONV_3D),
    keras.layers.BatchNormalization: [
        *_SCALE_AND_SHIFT,
        ("running_mean", "moving_mean", SAME),
        ("running_var", "moving_variance", SAME),
    ],
    keras.layers.LayerNormalization: _SCALE_AND_SHIFT,
    keras.layers.GroupNormalization: _SCALE_AND_SHIFT,
    keras.layers.Embedding: [("weight", "embeddings", SAME)],
}
