"""The text encoder (jaywalnut310/vits, attentions.py and models.py)."""

from typing import NamedTuple

import keras
import tensorflow as tf

from tfvc.layers import Conv1D
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.relative_attention import RelativeAttention


class Text(NamedTuple):
    """What the text encoder gives.

    Attributes:
        hidden: `[batch, time, hidden_channels]`, zero where a row has ended.
        mean, log_scale: of the prior of z, for each symbol: `[batch, time, inter_channels]`.
        keep: `[batch, time, 1]`, 1 where a row goes on.
    """

    hidden: tf.Tensor
    mean: tf.Tensor
    log_scale: tf.Tensor
    keep: tf.Tensor


def layer_norm(name: str, policy) -> keras.layers.Layer:
    """Over channels, with torch's epsilon; Keras's own is 1e-3."""
    return keras.layers.LayerNormalization(epsilon=1e-5, name=name, dtype=policy)


class FFN(keras.layers.Layer):
    """Two convolutions over time: `[batch, time, channels]` to the same.

    Args:
        channels: in and out.
        filters: in between.
        kernel_size: taps.
        dropout: in between, in training.
    """

    def __init__(self, channels: int, filters: int, kernel_size: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        policy = self.dtype_policy
        self.conv_1 = Conv1D(filters, kernel_size, padding="same", name="conv_1", dtype=policy)
        self.dropout = keras.layers.Dropout(dropout, name="dropout", dtype=policy)
        self.conv_2 = Conv1D(channels, kernel_size, padding="same", name="conv_2", dtype=policy)

    def build(self, input_shape):
        self.conv_1.build((None, None, self.channels))
        self.conv_2.build((None, None, self.conv_1.filters))

    def call(self, x, keep, training=False):
        x = self.dropout(tf.nn.relu(self.conv_1(x * keep)), training=training)
        return self.conv_2(x * keep) * keep


class EncoderLayer(keras.layers.Layer):
    """Attention and FFN, each added to its input and then normalised: `[batch, time, channels]` to the same."""

    def __init__(self, config: VITSConfig, **kwargs):
        super().__init__(**kwargs)
        policy, channels, dropout = self.dtype_policy, config.hidden_channels, config.p_dropout
        self.channels = channels
        self.attention = RelativeAttention(
            channels, config.n_heads, config.window_size, dropout, name="attention", dtype=policy
        )
        self.norm_1 = layer_norm("norm_1", policy)
        self.ffn = FFN(channels, config.filter_channels, config.kernel_size, dropout, name="ffn", dtype=policy)
        self.norm_2 = layer_norm("norm_2", policy)
        self.dropout_1, self.dropout_2 = (
            keras.layers.Dropout(dropout, name=f"dropout_{i}", dtype=policy) for i in (1, 2)
        )

    def build(self, input_shape):
        for layer in (self.attention, self.norm_1, self.ffn, self.norm_2):
            layer.build((None, None, self.channels))

    def call(self, x, keep, training=False):
        x = self.norm_1(x + self.dropout_1(self.attention(x, keep, training=training), training=training))
        return self.norm_2(x + self.dropout_2(self.ffn(x, keep, training=training), training=training))


class TextEncoder(keras.layers.Layer):
    """Symbols to what is known of z from them: ids `[batch, time]` and their numbers `[batch]` to a `Text`.

    Args:
        config: sizes.
    """

    def __init__(self, config: VITSConfig, **kwargs):
        super().__init__(**kwargs)
        policy, hidden = self.dtype_policy, config.hidden_channels
        self.hidden = hidden
        normal = keras.initializers.RandomNormal(stddev=hidden**-0.5)
        self.emb = keras.layers.Embedding(config.n_vocab, hidden, normal, name="emb", dtype=policy)
        self.layers = [EncoderLayer(config, name=f"layers_{i}", dtype=policy) for i in range(config.n_layers)]
        self.proj = Conv1D(2 * config.inter_channels, 1, name="proj", dtype=policy)

    def build(self, input_shape=None):
        self.emb.build((None, None))
        for layer in (*self.layers, self.proj):
            layer.build((None, None, self.hidden))

    def call(self, ids, lengths, training=False):
        x = self.emb(ids)
        x *= tf.sqrt(tf.cast(self.hidden, x.dtype))
        keep = sequence_mask(lengths, tf.shape(ids)[1], x.dtype)
        x *= keep
        for layer in self.layers:
            x = layer(x, keep, training=training)
        x *= keep
        mean, log_scale = tf.split(self.proj(x) * keep, 2, axis=-1)
        return Text(x, mean, log_scale, keep)


def sequence_mask(lengths: tf.Tensor, longest: tf.Tensor | int, dtype) -> tf.Tensor:
    """Lengths `[batch]` to `[batch, longest, 1]`, 1 where a row goes on and 0 behind."""
    return tf.sequence_mask(lengths, longest, dtype)[..., None]
