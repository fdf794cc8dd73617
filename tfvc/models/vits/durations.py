"""How long each symbol lasts (jaywalnut310/vits, models.py)."""

import math

import keras
import tensorflow as tf

from tfvc.layers import Conv1D
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.duration_flow import DDSConv, DurationFlow
from tfvc.models.vits.text_encoder import layer_norm

_KERNEL_SIZE, _LAYERS, _DROPOUT = 3, 3, 0.5
_POSTERIOR_FLOWS = 4
_LOG_TWO_PI = math.log(2 * math.pi)


class StochasticDurationPredictor(keras.layers.Layer):
    """Durations as a flow of noise.

    Of the text's hidden layer `[batch, time, hidden]`, its mask `[batch, time, 1]`, noise `[batch, time, 2]` from
    N(0, 1), which the caller scales, and the condition `[batch, 1, gin]`:

    - without `durations` log-durations `[batch, time, 1]` made of the noise;
    - with `durations` `[batch, time, 1]` in frames the bound on their negative log-likelihood, `[batch]`, summed over
      time. The noise makes of whole frames continuous numbers, and adds a channel (variational dequantization and
      augmentation).

    No gradient goes back into the text and the condition.

    Args:
        config: sizes.
        speaking_only: without what only the likelihood takes.
    """

    def __init__(self, config: VITSConfig, speaking_only: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy, hidden = self.dtype_policy, config.hidden_channels

        def conv(name):
            return Conv1D(hidden, 1, name=name, dtype=policy)

        def convs(name):
            return DDSConv(hidden, _KERNEL_SIZE, _LAYERS, _DROPOUT, name=name, dtype=policy)

        def flow(name, count, speaking_only=False):
            return DurationFlow(hidden, _KERNEL_SIZE, _LAYERS, count, speaking_only, name=name, dtype=policy)

        self.flow = flow("flow", config.duration_flows, speaking_only)
        self.post_pre = self.post_convs = self.post_proj = self.post_flow = None
        if not speaking_only:
            self.post_pre, self.post_convs, self.post_proj = conv("post_pre"), convs("post_convs"), conv("post_proj")
            self.post_flow = flow("post_flow", _POSTERIOR_FLOWS)
        self.pre, self.convs, self.proj = conv("pre"), convs("convs"), conv("proj")
        self.cond = conv("cond") if config.gin_channels else None

    def build(self, input_shape=None):
        for layer in (self.flow, self.convs):
            layer.build()
        for layer in (self.pre, self.proj):
            layer.build((None, None, self.config.hidden_channels))
        if self.post_flow is not None:
            self.post_convs.build()
            self.post_flow.build()
            self.post_pre.build((None, None, 1))
            self.post_proj.build((None, None, self.config.hidden_channels))
        if self.cond is not None:
            self.cond.build((None, None, self.config.gin_channels))

    def call(self, x, keep, noise, g=None, durations=None, training=False):
        x = self.pre(tf.stop_gradient(x))
        x = x if g is None else x + self.cond(tf.stop_gradient(g))
        x = self.proj(self.convs(x, keep, training=training)) * keep
        if durations is None:
            return self.flow.first_channel(noise, keep, x)
        return self._nll(x, keep, noise * keep, durations, training)

    def _nll(self, x, keep, noise, durations, training):
        h = self.post_convs(self.post_pre(durations), keep, training=training)
        h = self.post_proj(h) * keep
        z_q, log_determinant = self.post_flow(noise, keep, x + h)
        part, extra = tf.split(z_q, 2, axis=-1)  # the part of a frame by which a duration is shortened, its logit
        log_determinant += _sum((tf.math.log_sigmoid(part) + tf.math.log_sigmoid(-part)) * keep)
        log_q = _log_normal(noise, keep) - log_determinant

        continuous = (durations - tf.sigmoid(part) * keep) * keep
        logarithm = tf.math.log(tf.maximum(continuous, tf.constant(1e-5, x.dtype))) * keep
        z, log_determinant = self.flow(tf.concat([logarithm, extra], axis=-1), keep, x)
        log_p = _log_normal(z, keep) + log_determinant - _sum(logarithm)
        return log_q - log_p


class DurationPredictor(keras.layers.Layer):
    """Durations by regression: the text's hidden layer `[batch, time, hidden]` to log-durations `[batch, time, 1]`.

    No gradient goes back into the text and the condition.

    Args:
        config: sizes.
    """

    def __init__(self, config: VITSConfig, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        policy, filters = self.dtype_policy, config.duration_filters
        padding = _KERNEL_SIZE // 2
        self.conv_1, self.conv_2 = (
            Conv1D(filters, _KERNEL_SIZE, padding=padding, name=f"conv_{i}", dtype=policy) for i in (1, 2)
        )
        self.norm_1, self.norm_2 = (layer_norm(f"norm_{i}", policy) for i in (1, 2))
        self.dropout_1, self.dropout_2 = (
            keras.layers.Dropout(_DROPOUT, name=f"dropout_{i}", dtype=policy) for i in (1, 2)
        )
        self.proj = Conv1D(1, 1, name="proj", dtype=policy)
        self.cond = Conv1D(config.hidden_channels, 1, name="cond", dtype=policy) if config.gin_channels else None

    def build(self, input_shape=None):
        self.conv_1.build((None, None, self.config.hidden_channels))
        for layer in (self.norm_1, self.conv_2, self.norm_2, self.proj):
            layer.build((None, None, self.config.duration_filters))
        if self.cond is not None:
            self.cond.build((None, None, self.config.gin_channels))

    def call(self, x, keep, g=None, training=False):
        x = tf.stop_gradient(x)
        x = x if g is None else x + self.cond(tf.stop_gradient(g))
        x = self.dropout_1(self.norm_1(tf.nn.relu(self.conv_1(x * keep))), training=training)
        x = self.dropout_2(self.norm_2(tf.nn.relu(self.conv_2(x * keep))), training=training)
        return self.proj(x * keep) * keep


def _sum(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(x, axis=[1, 2])


def _log_normal(x: tf.Tensor, keep: tf.Tensor) -> tf.Tensor:
    """The logarithm of the density of N(0, 1), summed over time and channels: `[batch]`."""
    return -0.5 * _sum((tf.constant(_LOG_TWO_PI, x.dtype) + tf.square(x)) * keep)
