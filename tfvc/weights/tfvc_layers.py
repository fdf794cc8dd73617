"""How the layers of `tfvc.layers` cross to torch."""

from collections.abc import Callable

import keras

from tfvc.layers import (
    LSTM,
    BatchNorm,
    ColumnConv2D,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Dense,
    GroupedConv1D,
    SpectralNorm,
    WeightNorm,
)
from tfvc.weights.entry import Entry
from tfvc.weights.errors import WeightError
from tfvc.weights.layer_kinds import register
from tfvc.weights.layouts import COLUMN, CONV, CONV_2D, MATRIX, Layout


def _kernel_and_bias(layout: Layout) -> Callable[[keras.layers.Layer], list[Entry]]:
    def entries(layer):
        kernel = [Entry("weight", layer.kernel, layout)]
        return [*kernel, Entry("bias", layer.bias)] if layer.use_bias else kernel

    return entries


def _weight_norm(layer: WeightNorm) -> list[Entry]:
    # torch takes `weight` out of the module and puts g and v behind what is left.
    layout = _kernel_layout(layer.layer)
    found = [Entry("weight_g", layer.g, layout), Entry("weight_v", layer.v, layout)]
    return [Entry("bias", layer.layer.bias), *found] if layer.layer.use_bias else found


def _spectral_norm(layer: SpectralNorm) -> list[Entry]:
    # Parameters come before buffers.
    found = [Entry("weight_orig", layer.layer.kernel, _kernel_layout(layer.layer))]
    found += [Entry("weight_u", layer.u), Entry("weight_v", layer.v)]
    return [Entry("bias", layer.layer.bias), *found] if layer.layer.use_bias else found


def _kernel_layout(layer: keras.layers.Layer) -> Layout:
    return COLUMN if isinstance(layer, ColumnConv2D) else CONV_2D if isinstance(layer, Conv2D) else CONV


def _batch_norm(layer: BatchNorm) -> list[Entry]:
    return [
        Entry("weight", layer.gamma),
        Entry("bias", layer.beta),
        Entry("running_mean", layer.moving_mean),
        Entry("running_var", layer.moving_variance),
        Entry("num_batches_tracked", layer.num_batches_tracked),
    ]


def _lstm(layer: LSTM) -> list[Entry]:
    if not layer.use_recurrent_bias:
        raise WeightError(
            f"{layer.name}: an LSTM with a single bias has no torch form; build it with recurrent_bias=True"
        )
    return [
        entry
        for direction in layer.directions
        for entry in (
            Entry(f"weight_ih_{direction.name}", direction.kernel, MATRIX),
            Entry(f"weight_hh_{direction.name}", direction.recurrent_kernel, MATRIX),
            Entry(f"bias_ih_{direction.name}", direction.bias),
            Entry(f"bias_hh_{direction.name}", direction.recurrent_bias),
        )
    ]


register(Dense, _kernel_and_bias(MATRIX))
for _kind in (Conv1D, Conv1DTranspose, GroupedConv1D):
    register(_kind, _kernel_and_bias(CONV))
register(ColumnConv2D, _kernel_and_bias(COLUMN))
register(Conv2D, _kernel_and_bias(CONV_2D))
register(WeightNorm, _weight_norm)
register(SpectralNorm, _spectral_norm)
register(BatchNorm, _batch_norm)
register(LSTM, _lstm)
