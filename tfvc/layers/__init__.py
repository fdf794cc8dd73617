"""Keras layers that equal their torch counterparts in values, gradients, training updates and state."""

from tfvc.layers.batch_norm import BatchNorm
from tfvc.layers.conv1d import Conv1D
from tfvc.layers.conv1d_transpose import Conv1DTranspose
from tfvc.layers.dense import Dense
from tfvc.layers.initializers import FanInUniform, XavierUniform
from tfvc.layers.lstm import LSTM

__all__ = [
    "LSTM",
    "BatchNorm",
    "Conv1D",
    "Conv1DTranspose",
    "Dense",
    "FanInUniform",
    "XavierUniform",
]
