"""Self-attention that tells near positions apart (Shaw et al. 2018; jaywalnut310/vits, attentions.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, XavierUniform

# Upstream's score where a row has ended: e^-10000 is 0 in every precision.
_NEVER = -1e4


class RelativeAttention(keras.layers.Layer):
    """Attention in which keys and values also depend on the distance: `[batch, time, channels]` to the same.

    Distances up to `window` have embeddings, the same for all heads. What is further apart has none, and gets nothing
    added, rather than that of the largest distance.

    Args:
        channels: in and out.
        heads: they share the channels.
        window: the largest distance.
        dropout: of the weights, in training.
    """

    def __init__(self, channels: int, heads: int, window: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.heads, self.window = channels, heads, window
        self.size = channels // heads

        def conv(name, initializer=None):
            return Conv1D(channels, 1, kernel_initializer=initializer, name=name, dtype=self.dtype_policy)

        self.conv_q, self.conv_k, self.conv_v = (conv(f"conv_{name}", XavierUniform()) for name in "qkv")
        self.conv_o = conv("conv_o")
        self.dropout = keras.layers.Dropout(dropout, name="dropout", dtype=self.dtype_policy)

    def build(self, input_shape):
        for layer in (self.conv_q, self.conv_k, self.conv_v, self.conv_o):
            layer.build((None, None, self.channels))
        shape = (1, 2 * self.window + 1, self.size)
        normal = keras.initializers.RandomNormal(stddev=self.size**-0.5)
        self.emb_rel_k = self.add_weight(name="emb_rel_k", shape=shape, initializer=normal)
        self.emb_rel_v = self.add_weight(name="emb_rel_v", shape=shape, initializer=normal)

    def call(self, x, keep, training=False):
        q, k, v = (self._split(conv(x)) for conv in (self.conv_q, self.conv_k, self.conv_v))
        q = q / tf.sqrt(tf.cast(self.size, q.dtype))
        scores = tf.matmul(q, k, transpose_b=True)  # [batch, heads, time, time]
        by_distance = tf.matmul(q, tf.cast(self.emb_rel_k, q.dtype), transpose_b=True)
        scores += to_positions(by_distance, self.window)
        both = keep[:, None] * tf.transpose(keep, [0, 2, 1])[:, None]
        scores = tf.where(both == 0, tf.constant(_NEVER, scores.dtype), scores)
        weights = self.dropout(tf.nn.softmax(scores), training=training)
        found = tf.matmul(weights, v)
        found += tf.matmul(to_distances(weights, self.window), tf.cast(self.emb_rel_v, v.dtype))
        found = tf.transpose(found, [0, 2, 1, 3])
        return self.conv_o(tf.reshape(found, [tf.shape(x)[0], tf.shape(x)[1], self.channels]))

    def _split(self, x):
        """`[batch, time, channels] -> [batch, heads, time, size]`."""
        x = tf.reshape(x, [tf.shape(x)[0], tf.shape(x)[1], self.heads, self.size])
        return tf.transpose(x, [0, 2, 1, 3])


def to_positions(by_distance: tf.Tensor, window: int) -> tf.Tensor:
    """`[..., time, 2 * window + 1] -> [..., time, time]`: at (i, j) what row i has for the distance j - i, or 0.

    Rows that are one element longer than they are read as move on by one element each.
    """
    *outer, time, distances = _shape(by_distance)
    length = time + 2 * window
    x = tf.pad(by_distance, [[0, 0]] * (len(outer) + 1) + [[0, length + 1 - distances]])
    x = tf.reshape(x, [*outer, time * (length + 1)])[..., : time * length]
    return tf.reshape(x, [*outer, time, length])[..., window : window + time]


def to_distances(by_position: tf.Tensor, window: int) -> tf.Tensor:
    """`[..., time, time] -> [..., time, 2 * window + 1]`: for the distance d what row i has at i + d, or 0."""
    *outer, time, _ = _shape(by_position)
    length = time + 2 * window
    x = tf.pad(by_position, [[0, 0]] * (len(outer) + 1) + [[window, window]])
    x = tf.pad(tf.reshape(x, [*outer, time * length]), [[0, 0]] * len(outer) + [[0, time]])
    return tf.reshape(x, [*outer, time, length + 1])[..., : 2 * window + 1]


def _shape(x: tf.Tensor) -> list[int | tf.Tensor]:
    return [tf.shape(x)[i] if size is None else size for i, size in enumerate(x.shape)]
