"""HiFi-GAN's generator under a condition (jaywalnut310/vits, models.py)."""

from tfvc.layers import Conv1D
from tfvc.models.hifigan.network import Network
from tfvc.models.vits.config import ConversionConfig


class Decoder(Network):
    """z `[batch, frames, inter_channels]` and a condition `[batch, 1, gin_channels]` to a waveform
    `[batch, frames * hop, 1]` in [-1, 1].

    Unlike in HiFi-GAN, the first and the last convolution are without weight normalisation, and the last one has no
    bias.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: ConversionConfig, fused: bool, **kwargs):
        super().__init__(config.decoder, fused, **kwargs)
        self.gin = config.gin_channels
        width = config.upsample_initial_channel
        self.cond = Conv1D(width, 1, name="cond", dtype=self.dtype_policy) if self.gin else None

    def first_convolution(self):
        return Conv1D(self.config.upsample_initial_channel, 7, padding=3, name="conv_pre", dtype=self.dtype_policy)

    def last_convolution(self):
        return Conv1D(1, 7, padding=3, use_bias=False, name="conv_post", dtype=self.dtype_policy)

    def build(self, input_shape=None):
        super().build()
        if self.cond is not None:
            self.cond.build((None, None, self.gin))

    def call(self, z, g=None):
        x = self.conv_pre(z)
        return self.upsample(x if g is None else x + self.cond(g))
