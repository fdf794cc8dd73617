"""How the layers that come with Keras cross to torch.

Keras's LSTM has one bias where torch has two, and its GRU stacks the two in one variable. Keras's batch norm does not
count its batches.
"""

from collections.abc import Callable

import keras
from keras import layers

from tfvc.weights.entry import Declared, Entry, Ignored
from tfvc.weights.layer_kinds import register
from tfvc.weights.layouts import CONV, CONV_2D, CONV_3D, GRU_BIAS, GRU_MATRIX, MATRIX, SAME, Layout
from tfvc.weights.parts import Stack, Sum


def _attributes(*rows: tuple[str, str, Layout]) -> Callable[[keras.layers.Layer], list[Entry]]:
    """Entries from (torch's name, attribute of the layer, layout); what is None there, torch has not."""

    def entries(layer):
        found = [(name, getattr(layer, attribute, None), layout) for name, attribute, layout in rows]
        return [Entry(name, variable, layout) for name, variable, layout in found if variable is not None]

    return entries


def _kernel_and_bias(layout: Layout) -> Callable[[keras.layers.Layer], list[Entry]]:
    return _attributes(("weight", "kernel", layout), ("bias", "bias", SAME))


_scale_and_shift = _attributes(("weight", "gamma", SAME), ("bias", "beta", SAME))
_statistics = _attributes(("running_mean", "moving_mean", SAME), ("running_var", "moving_variance", SAME))


def _batch_norm(layer: layers.BatchNormalization) -> list[Declared]:
    return [*_scale_and_shift(layer), *_statistics(layer), Ignored("num_batches_tracked")]


def _recurrent(layer: layers.RNN, suffix: str) -> list[Entry]:
    cell = layer.cell
    gru = isinstance(layer, layers.GRU)
    matrix, vector = (GRU_MATRIX, GRU_BIAS) if gru else (MATRIX, SAME)
    found = [
        Entry(f"weight_ih_{suffix}", cell.kernel, matrix),
        Entry(f"weight_hh_{suffix}", cell.recurrent_kernel, matrix),
    ]
    if cell.use_bias:
        biases = Stack() if gru and cell.reset_after else Sum()
        found.append(Entry((f"bias_ih_{suffix}", f"bias_hh_{suffix}"), cell.bias, vector, keys_as=biases))
    return found


def _bidirectional(layer: layers.Bidirectional, index: int) -> list[Entry]:
    return [
        *_recurrent(layer.forward_layer, f"l{index}"),
        *_recurrent(layer.backward_layer, f"l{index}_reverse"),
    ]


register(layers.Dense, _kernel_and_bias(MATRIX))
for _kind in (layers.Conv1D, layers.Conv1DTranspose):
    register(_kind, _kernel_and_bias(CONV))
for _kind in (layers.Conv2D, layers.Conv2DTranspose):
    register(_kind, _kernel_and_bias(CONV_2D))
for _kind in (layers.Conv3D, layers.Conv3DTranspose):
    register(_kind, _kernel_and_bias(CONV_3D))
register(layers.BatchNormalization, _batch_norm)
for _kind in (layers.LayerNormalization, layers.GroupNormalization):
    register(_kind, _scale_and_shift)
register(layers.Embedding, _attributes(("weight", "embeddings", SAME)))
for _kind in (layers.LSTM, layers.GRU, layers.SimpleRNN):
    register(_kind, lambda layer, index: _recurrent(layer, f"l{index}"), stacked=True)
register(layers.Bidirectional, _bidirectional, stacked=True)
