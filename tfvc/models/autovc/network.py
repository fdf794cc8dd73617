"""The three networks of AutoVC: encoder, decoder, postnet (auspicious3000/autovc, model_vc.py)."""

import keras
import tensorflow as tf

from tfvc.layers import LSTM, BatchNorm, Conv1D, Dense, XavierUniform
from tfvc.models.autovc.config import AutoVCConfig
from tfvc.models.configured import Configured


class ConvBlock(keras.layers.Layer):
    """Convolution of 5 frames, then BatchNorm: `[batch, time, in] -> [batch, time, filters]`.

    Args:
        filters: output channels.
        gain: what follows ("relu", "tanh", "linear"); sets the spread of the initial kernel.
        gamma_initializer: of the BatchNorm.
    """

    def __init__(self, filters: int, gain: str, gamma_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.conv = Conv1D(
            filters, 5, padding=2, kernel_initializer=XavierUniform(gain), name="conv", dtype=self.dtype_policy
        )
        self.norm = BatchNorm(gamma_initializer=gamma_initializer, name="norm", dtype=self.dtype_policy)

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.norm.build((*input_shape[:-1], self.conv.filters))

    def call(self, x, training=False):
        return self.norm(self.conv(x), training=training)


def _conv_stack(channels: list[int], gain: str, policy) -> list[ConvBlock]:
    return [ConvBlock(c, gain, name=f"convolutions_{i}", dtype=policy) for i, c in enumerate(channels)]


@keras.saving.register_keras_serializable("tfvc")
class Encoder(Configured):
    """Mel and its speaker's embedding to content codes.

    mel `[batch, time, n_mels]`, embedding `[batch, embedding]` -> codes `[batch, time / freq, 2 * neck]`, for a
    time that is a multiple of freq. A code is the forward LSTM's state at the last frame of its freq frames
    beside the backward LSTM's state at their first: each has then seen all of them.
    """

    config_class = AutoVCConfig

    def __init__(self, config: AutoVCConfig, **kwargs):
        super().__init__(config, **kwargs)
        self.convolutions = _conv_stack([config.conv_channels] * 3, "relu", self.dtype_policy)
        self.lstm = LSTM(config.neck, num_layers=2, bidirectional=True, name="lstm", dtype=self.dtype_policy)

    def build(self, input_shape=None):
        channels = self.config.n_mels + self.config.embedding
        for block in self.convolutions:
            block.build((None, None, channels))
            channels = self.config.conv_channels
        self.lstm.build((None, None, channels))

    def call(self, mel, embedding, training=False):
        x = tf.concat([mel, repeat_over_time(embedding, tf.shape(mel)[1])], axis=-1)
        for block in self.convolutions:
            x = tf.nn.relu(block(x, training=training))
        x = self.lstm(x)  # [batch, time, 2 neck], forward half first
        forward, backward = tf.split(x, 2, axis=-1)
        freq = self.config.freq
        return tf.concat([forward[:, freq - 1 :: freq], backward[:, ::freq]], axis=-1)


@keras.saving.register_keras_serializable("tfvc")
class Decoder(Configured):
    """Codes and the target's embedding to a mel.

    codes `[batch, time / freq, 2 * neck]`, embedding `[batch, embedding]` -> mel `[batch, time, n_mels]`.
    """

    config_class = AutoVCConfig

    def __init__(self, config: AutoVCConfig, **kwargs):
        super().__init__(config, **kwargs)
        policy = self.dtype_policy
        self.lstm1 = LSTM(config.decoder_lstm1, name="lstm1", dtype=policy)
        self.convolutions = _conv_stack([config.conv_channels] * 3, "relu", policy)
        self.lstm2 = LSTM(config.decoder_lstm2, num_layers=2, name="lstm2", dtype=policy)
        self.linear_projection = Dense(
            config.n_mels, kernel_initializer=XavierUniform("linear"), name="linear_projection", dtype=policy
        )

    def build(self, input_shape=None):
        config = self.config
        self.lstm1.build((None, None, 2 * config.neck + config.embedding))
        channels = config.decoder_lstm1
        for block in self.convolutions:
            block.build((None, None, channels))
            channels = config.conv_channels
        self.lstm2.build((None, None, channels))
        self.linear_projection.build((None, None, config.decoder_lstm2))

    def call(self, codes, embedding, training=False):
        x = tf.repeat(codes, self.config.freq, axis=1)
        x = tf.concat([x, repeat_over_time(embedding, tf.shape(x)[1])], axis=-1)
        x = self.lstm1(x)
        for block in self.convolutions:
            x = tf.nn.relu(block(x, training=training))
        return self.linear_projection(self.lstm2(x))


@keras.saving.register_keras_serializable("tfvc")
class Postnet(Configured):
    """The correction that is added to the decoder's mel: `[batch, time, n_mels] -> [batch, time, n_mels]`."""

    config_class = AutoVCConfig

    def __init__(self, config: AutoVCConfig, **kwargs):
        super().__init__(config, **kwargs)
        self.convolutions = [
            *_conv_stack([config.conv_channels] * 4, "tanh", self.dtype_policy),
            ConvBlock(
                config.n_mels,
                "linear",
                gamma_initializer="zeros" if config.zero_init_postnet else "ones",
                name="convolutions_4",
                dtype=self.dtype_policy,
            ),
        ]

    def build(self, input_shape=None):
        channels = self.config.n_mels
        for block in self.convolutions:
            block.build((None, None, channels))
            channels = self.config.conv_channels

    def call(self, mel, training=False):
        x = mel
        for block in self.convolutions[:-1]:
            x = tf.tanh(block(x, training=training))
        return self.convolutions[-1](x, training=training)


def repeat_over_time(vector: tf.Tensor, frames: tf.Tensor) -> tf.Tensor:
    """`[batch, size] -> [batch, frames, size]`."""
    return tf.repeat(vector[:, None], frames, axis=1)
