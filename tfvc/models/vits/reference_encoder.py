"""A speaker's embedding from a spectrogram (myshell-ai/OpenVoice, models.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv2D, Dense
from tfvc.models.hifigan.network import normed
from tfvc.models.vits.text_encoder import layer_norm
from tfvc.models.vits.tone_config import ToneConverterConfig


class ReferenceEncoder(keras.layers.Layer):
    """A spectrogram `[batch, time, spec_channels]` to what its speaker sounds like, `[batch, gin_channels]`.

    Convolutions that halve time and bins, then the last state of a GRU. It knows no lengths: a padded spectrogram is
    another one, so recordings of different lengths go one by one.

    Args:
        config: sizes.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, config: ToneConverterConfig, fused: bool, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy = self.dtype_policy
        self.layernorm = layer_norm("layernorm", policy)
        self.convs = [
            normed(Conv2D(filters, 3, strides=2, padding=1, name=f"convs_{i}", dtype=policy), fused)
            for i, filters in enumerate(config.reference_filters)
        ]
        self.gru = keras.layers.GRU(config.reference_units, reset_after=True, name="gru", dtype=policy)
        self.proj = Dense(config.gin_channels, name="proj", dtype=policy)
        self.bins = config.spec_channels
        for _ in config.reference_filters:
            self.bins = (self.bins + 1) // 2

    def build(self, input_shape=None):
        self.layernorm.build((None, None, self.config.spec_channels))
        channels = 1
        for conv, filters in zip(self.convs, self.config.reference_filters, strict=True):
            conv.build((None, None, None, channels))
            channels = filters
        self.gru.build((None, None, channels * self.bins))
        self.proj.build((None, self.config.reference_units))

    def call(self, spectrogram):
        x = self.layernorm(spectrogram)[..., None]
        for conv in self.convs:
            x = tf.nn.relu(conv(x))
        # The GRU reads the bins of one channel after the other.
        x = tf.transpose(x, [0, 1, 3, 2])
        x = tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1], self.bins * self.config.reference_filters[-1]])
        return self.proj(self.gru(x))
