"""Each layer of `tfvc.layers` beside the torch layer that it equals, in any size."""

from dataclasses import replace
from typing import Any

import numpy as np

from tfvc import layers
from tfvc.cases.reference import reference
from tfvc.parity.case import ParityCase, Tensors, keras_call, torch_call_channels_first
from tfvc.weights import Declared, entries_of


def layer_entries(layer: Any) -> list[Declared]:
    """The weight entries of a single layer: torch's keys without a path."""
    return entries_of("", layer)


def normal_inputs(*shape: int):
    """Draws one input `x` of a shape."""
    return lambda rng: {"x": rng.standard_normal(shape)}


def without_training(layer: Any, inputs: Tensors, training: bool) -> Tensors:
    """Calls a layer that has no training mode."""
    return {"output": layer(inputs["x"])}


def dense(batch: int = 3, time: int = 5, inputs: int = 7, units: int = 6, use_bias: bool = True) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Linear(inputs, units, bias=use_bias)

    return ParityCase(
        "dense",
        lambda: layers.Dense(units, use_bias=use_bias),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        description="Dense and nn.Linear",
    )


def conv1d(
    batch: int = 3,
    time: int = 14,
    inputs: int = 5,
    filters: int = 7,
    kernel_size: int = 4,
    strides: int = 3,
    padding: int = 2,
    padding_mode: str = "zeros",
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            padding_mode=padding_mode,
            dilation=dilation,
            bias=use_bias,
        )

    return ParityCase(
        "conv1d",
        lambda: layers.Conv1D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            padding_mode=padding_mode,
            dilation_rate=dilation,
            use_bias=use_bias,
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="Conv1D and nn.Conv1d",
    )


def conv1d_transpose(
    batch: int = 3,
    time: int = 9,
    inputs: int = 5,
    filters: int = 4,
    kernel_size: int = 5,
    strides: int = 2,
    padding: int = 2,
    output_padding: int = 1,
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.ConvTranspose1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            output_padding=output_padding,
            dilation=dilation,
            bias=use_bias,
        )

    return ParityCase(
        "conv1d_transpose",
        lambda: layers.Conv1DTranspose(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            output_padding=output_padding,
            dilation_rate=dilation,
            use_bias=use_bias,
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="Conv1DTranspose and nn.ConvTranspose1d",
    )


def batch_norm(batch: int = 3, time: int = 14, channels: int = 5) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.BatchNorm1d(channels)

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        # Each channel with a mean and a spread of its own.
        shape = (batch, time, channels)
        return {"x": rng.standard_normal(shape) * rng.uniform(0.5, 2, channels) + rng.normal(0, 1, channels)}

    return ParityCase(
        "batch_norm",
        layers.BatchNorm,
        torch_module,
        layer_entries,
        inputs,
        torch_forward=torch_call_channels_first,
        description="BatchNorm and nn.BatchNorm1d",
    )


def lstm(
    batch: int = 3,
    time: int = 11,
    inputs: int = 5,
    units: int = 6,
    num_layers: int = 2,
    bidirectional: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.LSTM(inputs, units, num_layers, batch_first=True, bidirectional=bidirectional)

    return ParityCase(
        "lstm",
        lambda: layers.LSTM(units, num_layers=num_layers, bidirectional=bidirectional),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        description="LSTM and nn.LSTM",
    )


def grouped_conv1d(
    batch: int = 3,
    time: int = 31,
    inputs: int = 6,
    filters: int = 9,
    groups: int = 3,
    kernel_size: int = 5,
    strides: int = 4,
    padding: int = 2,
    dilation: int = 1,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv1d(
            inputs,
            filters,
            kernel_size,
            stride=strides,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=use_bias,
        )

    return ParityCase(
        "grouped_conv1d",
        lambda: layers.GroupedConv1D(
            filters, kernel_size, groups, strides=strides, padding=padding, dilation_rate=dilation, use_bias=use_bias
        ),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, inputs),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="GroupedConv1D and nn.Conv1d(groups)",
    )


def average_pool1d(
    batch: int = 3,
    time: int = 14,
    channels: int = 5,
    pool_size: int = 4,
    strides: int = 2,
    padding: int = 1,
    count_include_pad: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.AvgPool1d(pool_size, strides, padding, count_include_pad=count_include_pad)

    return ParityCase(
        "average_pool1d",
        lambda: layers.AveragePool1D(pool_size, strides, padding, count_include_pad),
        torch_module,
        layer_entries,
        normal_inputs(batch, time, channels),
        keras_forward=without_training,
        torch_forward=torch_call_channels_first,
        description="AveragePool1D and nn.AvgPool1d",
    )


def column_conv2d(
    batch: int = 3,
    columns: int = 3,
    rows: int = 14,
    inputs: int = 5,
    filters: int = 7,
    kernel_size: int = 5,
    strides: int = 3,
    padding: int = 2,
    use_bias: bool = True,
) -> ParityCase:
    def torch_module():
        import torch

        return torch.nn.Conv2d(
            inputs, filters, (kernel_size, 1), stride=(strides, 1), padding=(padding, 0), bias=use_bias
        )

    return ParityCase(
        "column_conv2d",
        lambda: layers.ColumnConv2D(filters, kernel_size, strides=strides, padding=padding, use_bias=use_bias),
        torch_module,
        layer_entries,
        normal_inputs(batch, columns, rows, inputs),
        keras_forward=without_training,
        torch_forward=lambda module, x: {"output": module(x["x"].transpose(1, 3)).transpose(1, 3)},
        description="ColumnConv2D and nn.Conv2d with a kernel of one column",
    )


def weight_norm(of: ParityCase) -> ParityCase:
    """The convolution of another case under weight normalisation, on both sides."""

    def torch_module():
        return reference("melgan").weight_norm(of.torch_module())

    return replace(
        of,
        name="weight_norm",
        keras_model=lambda: layers.WeightNorm(of.keras_model()),
        torch_module=torch_module,
        description="WeightNorm and weight_norm around a convolution",
    )


def spectral_norm(of: ParityCase) -> ParityCase:
    """The convolution of another case under spectral normalisation, on both sides."""

    def torch_module():
        import torch

        return torch.nn.utils.spectral_norm(of.torch_module())

    return replace(
        of,
        name="spectral_norm",
        keras_model=lambda: layers.SpectralNorm(of.keras_model()),
        torch_module=torch_module,
        keras_forward=keras_call,
        description="SpectralNorm and spectral_norm around a convolution",
    )


CASES = {
    "dense": dense,
    "conv1d": conv1d,
    "conv1d_transpose": conv1d_transpose,
    "grouped_conv1d": grouped_conv1d,
    "column_conv2d": column_conv2d,
    "weight_norm": lambda: weight_norm(conv1d()),
    "spectral_norm": lambda: spectral_norm(conv1d()),
    "average_pool1d": average_pool1d,
    "batch_norm": batch_norm,
    "lstm": lstm,
}
