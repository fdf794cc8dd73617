"""Keras layers that equal their torch counterparts in values, gradients, training updates and state."""

from tfvc.layers.activations import gelu, leaky_relu
from tfvc.layers.average_pool1d import AveragePool1D
from tfvc.layers.batch_norm import BatchNorm
from tfvc.layers.column_conv2d import ColumnConv2D
from tfvc.layers.conv1d import Conv1D
from tfvc.layers.conv1d_transpose import Conv1DTranspose
from tfvc.layers.conv2d import Conv2D
from tfvc.layers.dense import Dense
from tfvc.layers.grouped_conv1d import GroupedConv1D
from tfvc.layers.initializers import FanInUniform, XavierUniform
from tfvc.layers.lstm import LSTM
from tfvc.layers.spectral_norm import SpectralNorm
from tfvc.layers.weight_norm import WeightNorm

__all__ = [
    "LSTM",
    "AveragePool1D",
    "BatchNorm",
    "ColumnConv2D",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Dense",
    "FanInUniform",
    "GroupedConv1D",
    "SpectralNorm",
    "WeightNorm",
    "XavierUniform",
    "gelu",
    "leaky_relu",
]
