"""The network of HiFi-GAN's generator (jik876/hifi-gan, models.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, Conv1DTranspose, WeightNorm, leaky_relu
from tfvc.models.hifigan.config import HiFiGANConfig

SLOPE = 0.1
# Upstream calls `F.leaky_relu` without a slope before the last convolution: torch's default.
LAST_SLOPE = 0.01


def normed(layer: Conv1D | Conv1DTranspose, fused: bool) -> Conv1D | Conv1DTranspose | WeightNorm:
    """The layer under weight normalisation, unless that has been fused into its kernel."""
    return layer if fused else WeightNorm(layer)


class ResBlock(keras.layers.Layer):
    """Dilated convolutions, each beside its own input: `[batch, time, channels]` to the same.

    Args:
        channels: width.
        kernel_size: taps.
        dilations: of the convolutions, in order.
        pairs: an undilated convolution behind each dilated one, as in ResBlock1.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, channels: int, kernel_size: int, dilations: tuple[int, ...], pairs: bool, fused: bool, **kwargs):
        super().__init__(**kwargs)

        def conv(name, dilation):
            padding = dilation * (kernel_size - 1) // 2
            layer = Conv1D(
                channels, kernel_size, padding=padding, dilation_rate=dilation, name=name, dtype=self.dtype_policy
            )
            return normed(layer, fused)

        self.dilated = [conv(f"dilated_{i}", dilation) for i, dilation in enumerate(dilations)]
        self.plain = [conv(f"plain_{i}", 1) for i in range(len(dilations))] if pairs else []
        half = (kernel_size - 1) // 2
        self.reach = half * (sum(dilations) + len(self.plain))

    @property
    def convolutions(self) -> list[keras.layers.Layer]:
        """All of them, in torch's order."""
        return [*self.dilated, *self.plain]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)

    def call(self, x):
        for i, dilated in enumerate(self.dilated):
            y = dilated(leaky_relu(x, SLOPE))
            if self.plain:
                y = self.plain[i](leaky_relu(y, SLOPE))
            x = x + y
        return x


class Network(keras.layers.Layer):
    """A mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]` in [-1, 1].

    Each upsampling is followed by residual blocks of several kernel sizes side by side, whose outputs are averaged
    (multi-receptive field fusion).

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: HiFiGANConfig, fused: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.fused = fused
        policy = self.dtype_policy

        self.conv_pre = self.first_convolution()
        self.ups, self.resblocks = [], []
        for i, (rate, size) in enumerate(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True)):
            channels = config.upsample_initial_channel // 2 ** (i + 1)
            up = Conv1DTranspose(
                channels, size, strides=rate, padding=(size - rate) // 2, name=f"ups_{i}", dtype=policy
            )
            self.ups.append(normed(up, fused))
            blocks = zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True)
            self.resblocks.append(
                [
                    ResBlock(
                        channels,
                        kernel,
                        dilations,
                        pairs=config.resblock == "1",
                        fused=fused,
                        name=f"resblocks_{i}_{j}",
                        dtype=policy,
                    )
                    for j, (kernel, dilations) in enumerate(blocks)
                ]
            )
        self.conv_post = self.last_convolution()

    def first_convolution(self) -> keras.layers.Layer:
        """From the input to the channels of the first upsampling; what takes another kind overrides this."""
        channels = self.config.upsample_initial_channel
        return normed(Conv1D(channels, 7, padding=3, name="conv_pre", dtype=self.dtype_policy), self.fused)

    def last_convolution(self) -> keras.layers.Layer:
        """To one channel."""
        return normed(Conv1D(1, 7, padding=3, name="conv_post", dtype=self.dtype_policy), self.fused)

    def build(self, input_shape=None):
        channels = self.config.upsample_initial_channel
        self.conv_pre.build((None, None, self.config.n_mels))
        for up, blocks in zip(self.ups, self.resblocks, strict=True):
            up.build((None, None, channels))
            channels //= 2
            for block in blocks:
                block.build((None, None, channels))
        self.conv_post.build((None, None, channels))

    def call(self, mel):
        return self.upsample(self.conv_pre(mel))

    def upsample(self, x):
        """What follows the first convolution: `[batch, frames, upsample_initial_channel]` to a waveform."""
        for up, blocks in zip(self.ups, self.resblocks, strict=True):
            x = up(leaky_relu(x, SLOPE))
            x = tf.add_n([block(x) for block in blocks]) / len(blocks)
        x = self.conv_post(leaky_relu(x, LAST_SLOPE))
        return tf.tanh(tf.cast(x, self.variable_dtype))

    @property
    def convolutions(self) -> list[keras.layers.Layer]:
        """All of them, in torch's order."""
        of_blocks = [layer for blocks in self.resblocks for block in blocks for layer in block.convolutions]
        return [self.conv_pre, *self.ups, *of_blocks, self.conv_post]

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes; zeros can be added to any."""
        return 1

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        reach = 3
        sizes = zip(self.config.upsample_rates, self.config.upsample_kernel_sizes, self.resblocks, strict=True)
        for rate, size, blocks in reversed(list(sizes)):
            reach += max(block.reach for block in blocks)
            padding = (size - rate) // 2
            # Output t is made of the inputs i with 0 <= t + padding - i * rate < size.
            reach = -(-(reach + max(padding, size - 1 - padding)) // rate)
        return reach + 3
