"""The network of the generator in the keras.io example."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, Conv1DTranspose, leaky_relu
from tfvc.models.melgan.parts import Convolution, GeneratorNetwork, Stage, normed
from tfvc.models.melgan_keras_io.config import KerasIOMelGANConfig

SLOPE = 0.3
_KERNEL = 16


class KerasIOResidual(keras.layers.Layer):
    """A dilated convolution of three taps and a plain one, beside the input itself.

    Args:
        channels: width.
        dilation: of the first convolution.
        activate: whether a LeakyReLU comes first; in the first layer of a stack it has already been.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, channels: int, dilation: int, activate: bool, fused: bool, **kwargs):
        super().__init__(**kwargs)
        same = {"padding": "same", "dtype": self.dtype_policy}
        self.activate = activate
        self.dilated = normed(Conv1D(channels, 3, dilation_rate=dilation, name="dilated", **same), fused)
        self.plain = normed(Conv1D(channels, 3, name="plain", **same), fused)
        self.reach = dilation + 1

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in order."""
        return [self.dilated, self.plain]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)

    def call(self, x):
        y = self.dilated(leaky_relu(x, SLOPE) if self.activate else x)
        return x + self.plain(leaky_relu(y, SLOPE))


class KerasIOStage(Stage):
    """A LeakyReLU behind the upsampling, and another behind the residual layers."""

    def call(self, x):
        x = leaky_relu(self.upsample(x), SLOPE)
        for residual in self.residuals:
            x = residual(x)
        return leaky_relu(x, SLOPE)


class KerasIOGenerator(GeneratorNetwork):
    """The example's network, whose first convolution has no weight normalisation: see `GeneratorNetwork`."""

    def __init__(self, config: KerasIOMelGANConfig, fused: bool = False, **kwargs):
        super().__init__(config, fused, **kwargs)
        same = {"padding": "same", "dtype": self.dtype_policy}
        self.conv_pre = Conv1D(config.channels, 7, name="conv_pre", **same)
        self.stages = [self._stage(i, rate) for i, rate in enumerate(config.upsample_rates)]
        self.conv_post = normed(Conv1D(1, 7, name="conv_post", **same), fused)

    def _stage(self, i: int, rate: int) -> KerasIOStage:
        channels, policy = self.config.channels // 2 ** (i + 1), self.dtype_policy
        padding = (_KERNEL - rate) // 2
        upsample = Conv1DTranspose(channels, _KERNEL, strides=rate, padding=padding, name="upsample", dtype=policy)
        residuals = [
            KerasIOResidual(channels, 3**j, j > 0, self.fused, name=f"residuals_{j}", dtype=policy)
            for j in range(self.config.residual_layers)
        ]
        return KerasIOStage(normed(upsample, self.fused), residuals, name=f"stages_{i}", dtype=policy)

    def call(self, mel):
        x = leaky_relu(self.conv_pre(mel), SLOPE)
        for stage in self.stages:
            x = stage(x)
        return tf.tanh(tf.cast(self.conv_post(x), self.variable_dtype))
