"""Dense, batch norm, LSTM and average pooling beside torch's, in any size."""

import numpy as np

from tfvc import layers
from tfvc.cases.layers.single import layer_entries, normal_inputs, without_training
from tfvc.parity.case import ParityCase, torch_call_channels_first


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
