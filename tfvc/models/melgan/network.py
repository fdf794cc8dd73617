"""The network of MelGAN's generator (descriptinc/melgan-neurips, mel2wav/modules.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, Conv1DTranspose, leaky_relu
from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.parts import Convolution, GeneratorNetwork, Stage, normed

SLOPE = 0.2


class DescriptResidual(keras.layers.Layer):
    """A shortcut of one tap beside a dilated convolution of three, padded by reflection, and one of one tap."""

    def __init__(self, channels: int, dilation: int, fused: bool, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        dilated = Conv1D(
            channels, 3, padding=dilation, padding_mode="reflect", dilation_rate=dilation, name="dilated", dtype=policy
        )
        self.dilated = normed(dilated, fused)
        self.pointwise = normed(Conv1D(channels, 1, name="pointwise", dtype=policy), fused)
        self.shortcut = normed(Conv1D(channels, 1, name="shortcut", dtype=policy), fused)
        self.reach = dilation

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in torch's order."""
        return [self.dilated, self.pointwise, self.shortcut]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)

    def call(self, x):
        y = self.dilated(leaky_relu(x, SLOPE))
        return self.shortcut(x) + self.pointwise(leaky_relu(y, SLOPE))


class DescriptStage(Stage):
    """A LeakyReLU before the upsampling, the residual layers behind it."""

    def call(self, x):
        x = self.upsample(leaky_relu(x, SLOPE))
        for residual in self.residuals:
            x = residual(x)
        return x


class DescriptGenerator(GeneratorNetwork):
    """The network of `Generator`, see `GeneratorNetwork`."""

    def __init__(self, config: MelGANConfig, fused: bool = False, **kwargs):
        super().__init__(config, fused, **kwargs)
        ends = {"padding": 3, "padding_mode": "reflect", "dtype": self.dtype_policy}
        self.conv_pre = normed(Conv1D(config.channels, 7, name="conv_pre", **ends), fused)
        self.stages = [self._stage(i, rate) for i, rate in enumerate(config.upsample_rates)]
        self.conv_post = normed(Conv1D(1, 7, name="conv_post", **ends), fused)

    def _stage(self, i: int, rate: int) -> DescriptStage:
        channels, policy = self.config.channels // 2 ** (i + 1), self.dtype_policy
        upsample = Conv1DTranspose(
            channels,
            2 * rate,
            strides=rate,
            padding=rate // 2 + rate % 2,
            output_padding=rate % 2,
            name="upsample",
            dtype=policy,
        )
        residuals = [
            DescriptResidual(channels, 3**j, self.fused, name=f"residuals_{j}", dtype=policy)
            for j in range(self.config.residual_layers)
        ]
        return DescriptStage(normed(upsample, self.fused), residuals, name=f"stages_{i}", dtype=policy)

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes: a reflection needs more steps than it adds."""
        least, samples = 3 + 1, 1
        for rate, stage in zip(self.config.upsample_rates, self.stages, strict=True):
            samples *= rate
            least = max(least, *(-(-(residual.reach + 1) // samples) for residual in stage.residuals))
        return least

    def call(self, mel):
        x = self.conv_pre(mel)
        for stage in self.stages:
            x = stage(x)
        x = self.conv_post(leaky_relu(x, SLOPE))
        return tf.tanh(tf.cast(x, self.variable_dtype))
