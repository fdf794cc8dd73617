"""What the generators of both MelGANs are made of."""

import keras

from tfvc.layers import Conv1D, Conv1DTranspose, GroupedConv1D, WeightNorm
from tfvc.models.melgan.sizes import MelGANSizes

Convolution = Conv1D | Conv1DTranspose | GroupedConv1D | WeightNorm


def normed(layer: Conv1D | Conv1DTranspose, fused: bool) -> Convolution:
    """The layer under weight normalisation, unless that has been fused into its kernel."""
    return layer if fused else WeightNorm(layer)


class Stage(keras.layers.Layer):
    """An upsampling and the residual layers behind it; a subclass says where the LeakyReLUs are.

    Args:
        upsample: the transposed convolution.
        residuals: layers that know their `convolutions` and their `reach`.
    """

    def __init__(self, upsample: Convolution, residuals: list[keras.layers.Layer], **kwargs):
        super().__init__(**kwargs)
        self.upsample = upsample
        self.residuals = residuals

    def build(self, input_shape):
        self.upsample.build(input_shape)
        for residual in self.residuals:
            residual.build(self.upsample.compute_output_shape(input_shape))

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in order."""
        return [self.upsample, *(layer for residual in self.residuals for layer in residual.convolutions)]

    def reach_before(self, reach: int) -> int:
        """Steps of the input on which `reach` steps of the output depend."""
        reach += sum(residual.reach for residual in self.residuals)
        layer = self.upsample.layer if isinstance(self.upsample, WeightNorm) else self.upsample
        # Output t is made of the inputs i with 0 <= t + padding - i * stride < kernel size.
        further = max(layer.padding, layer.kernel_size - 1 - layer.padding)
        return -(-(reach + further) // layer.strides)


class GeneratorNetwork(keras.layers.Layer):
    """A mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]` in [-1, 1].

    A subclass makes `conv_pre`, of seven taps, `stages`, and `conv_post`, of seven taps.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: MelGANSizes, fused: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.fused = fused

    def build(self, input_shape=None):
        self.conv_pre.build((None, None, self.config.n_mels))
        channels = self.config.channels
        for stage in self.stages:
            stage.build((None, None, channels))
            channels //= 2
        self.conv_post.build((None, None, channels))

    @property
    def convolutions(self) -> list[Convolution]:
        """All of them, in order."""
        return [self.conv_pre, *(layer for stage in self.stages for layer in stage.convolutions), self.conv_post]

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        reach = 3
        for stage in reversed(self.stages):
            reach = stage.reach_before(reach)
        return reach + 3

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes; zeros can be added to any."""
        return 1
