"""How the layers that come with Keras cross to torch.

Keras's LSTM has one bias where torch has two, and its GRU stacks the two in one variable. Keras's batch norm does not
count its batches.
"""

from collections.abc import Callable

import keras
from keras import layers

from tfvc.weights.entry import Declared, Entry, Ignored
from tfvc.weights.errors import WeightError
from tfvc.weights.layer_kinds import register
from tfvc.weights.layouts import CONV, CONV_2D, CONV_3D, GRU_BIAS, GRU_MATRIX, MATRIX, SAME, Flattened, Layout
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


def _depthwise(kernel: keras.Variable, name: str) -> Entry:
    """(..., in, multiplier) and torch's of as many groups as channels, (in * multiplier, 1, ...)."""
    rank = len(kernel.shape)
    window = [(axis,) for axis in range(rank - 2)]
    return Entry(name, kernel, Flattened.of(kernel.shape, (rank - 2, rank - 1), (), *window))


def _depthwise_conv(layer: keras.layers.Layer) -> list[Entry]:
    return [_depthwise(layer.kernel, "weight"), *_attributes(("bias", "bias", SAME))(layer)]


def _separable_conv(layout: Layout) -> Callable[[keras.layers.Layer], list[Entry]]:
    """In torch an `nn.Sequential` of two convolutions, the first of as many groups as channels and without a bias."""
    pointwise = _attributes(("1.weight", "pointwise_kernel", layout), ("1.bias", "bias", SAME))
    return lambda layer: [_depthwise(layer.depthwise_kernel, "0.weight"), *pointwise(layer)]


def _prelu(layer: layers.PReLU) -> list[Entry]:
    shape = tuple(layer.alpha.shape)
    if any(size != 1 for size in shape[:-1]):
        raise WeightError(
            f"{layer.name}: slopes of shape {shape} have no torch form, which has one a channel; set shared_axes to "
            "all axes but the last"
        )
    return [Entry("weight", layer.alpha, Flattened.of(shape, tuple(range(len(shape)))))]


def _cell(cell: keras.layers.Layer, suffix: str = "") -> list[Entry]:
    gru = isinstance(cell, layers.GRUCell)
    matrix, vector = (GRU_MATRIX, GRU_BIAS) if gru else (MATRIX, SAME)
    found = [
        Entry(f"weight_ih{suffix}", cell.kernel, matrix),
        Entry(f"weight_hh{suffix}", cell.recurrent_kernel, matrix),
    ]
    if cell.use_bias:
        biases = Stack() if gru and cell.reset_after else Sum()
        found.append(Entry((f"bias_ih{suffix}", f"bias_hh{suffix}"), cell.bias, vector, keys_as=biases))
    return found


def _bidirectional(layer: layers.Bidirectional, index: int) -> list[Entry]:
    return [
        *_cell(layer.forward_layer.cell, f"_l{index}"),
        *_cell(layer.backward_layer.cell, f"_l{index}_reverse"),
    ]


register(layers.Dense, _kernel_and_bias(MATRIX))
for _kind in (layers.Conv1D, layers.Conv1DTranspose):
    register(_kind, _kernel_and_bias(CONV))
for _kind in (layers.Conv2D, layers.Conv2DTranspose):
    register(_kind, _kernel_and_bias(CONV_2D))
for _kind in (layers.Conv3D, layers.Conv3DTranspose):
    register(_kind, _kernel_and_bias(CONV_3D))
for _kind in (layers.DepthwiseConv1D, layers.DepthwiseConv2D):
    register(_kind, _depthwise_conv)
register(layers.SeparableConv1D, _separable_conv(CONV))
register(layers.SeparableConv2D, _separable_conv(CONV_2D))
register(layers.BatchNormalization, _batch_norm)
for _kind in (layers.LayerNormalization, layers.GroupNormalization):
    register(_kind, _scale_and_shift)
register(layers.RMSNormalization, _attributes(("weight", "scale", SAME)))
register(layers.PReLU, _prelu)
register(layers.Embedding, _attributes(("weight", "embeddings", SAME)))
for _kind in (layers.LSTM, layers.GRU, layers.SimpleRNN):
    register(_kind, lambda layer, index: _cell(layer.cell, f"_l{index}"), stacked=True)
for _kind in (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell):
    register(_kind, _cell)
register(layers.Bidirectional, _bidirectional, stacked=True)
