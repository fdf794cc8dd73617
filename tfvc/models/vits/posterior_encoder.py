"""The posterior encoder (jaywalnut310/vits, models.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D
from tfvc.models.vits.config import ConversionConfig
from tfvc.models.vits.wavenet import WaveNet


class PosteriorEncoder(keras.layers.Layer):
    """A spectrogram to z, the mean of z and the logarithm of its deviation, each `[batch, time, inter_channels]`.

    Of a spectrogram `[batch, time, spec_channels]`, its mask `[batch, time, 1]`, noise `[batch, time, inter_channels]`
    from N(0, 1) (zeros: z is the mean), and the condition of whoever speaks, `[batch, 1, gin_channels]`.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: ConversionConfig, fused: bool, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy, hidden = self.dtype_policy, config.hidden_channels
        self.pre = Conv1D(hidden, 1, name="pre", dtype=policy)
        self.enc = WaveNet(
            hidden,
            config.wavenet_kernel_size,
            config.posterior_layers,
            config.gin_channels,
            fused,
            name="enc",
            dtype=policy,
        )
        self.proj = Conv1D(2 * config.inter_channels, 1, name="proj", dtype=policy)

    def build(self, input_shape=None):
        self.pre.build((None, None, self.config.spec_channels))
        self.enc.build()
        self.proj.build((None, None, self.config.hidden_channels))

    def call(self, spectrogram, keep, noise, g=None):
        x = self.enc(self.pre(spectrogram) * keep, keep, g)
        mean, log_scale = tf.split(self.proj(x) * keep, 2, axis=-1)
        return (mean + noise * tf.exp(log_scale)) * keep, mean, log_scale
