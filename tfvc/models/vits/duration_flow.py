"""The parts of the stochastic duration predictor's flows (jaywalnut310/vits, modules.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D, GroupedConv1D, gelu
from tfvc.models.vits.flow import flip
from tfvc.models.vits.spline import spline
from tfvc.models.vits.text_encoder import layer_norm

_BINS = 10


class DDSConv(keras.layers.Layer):
    """Dilated depth-separable convolutions, each beside its input: `[batch, time, channels]` to the same.

    Args:
        channels: in and out.
        kernel_size: taps, odd; each layer is dilated by that much more.
        layers: how many.
        dropout: at the end of each, in training.
    """

    def __init__(self, channels: int, kernel_size: int, layers: int, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels
        policy = self.dtype_policy
        self.convs_sep = [
            GroupedConv1D(
                channels,
                kernel_size,
                channels,
                padding=kernel_size**i * (kernel_size - 1) // 2,
                dilation_rate=kernel_size**i,
                name=f"convs_sep_{i}",
                dtype=policy,
            )
            for i in range(layers)
        ]
        self.convs_1x1 = [Conv1D(channels, 1, name=f"convs_1x1_{i}", dtype=policy) for i in range(layers)]
        self.norms_1 = [layer_norm(f"norms_1_{i}", policy) for i in range(layers)]
        self.norms_2 = [layer_norm(f"norms_2_{i}", policy) for i in range(layers)]
        self.dropouts = [keras.layers.Dropout(dropout, name=f"dropouts_{i}", dtype=policy) for i in range(layers)]

    def build(self, input_shape=None):
        for layer in (*self.convs_sep, *self.convs_1x1, *self.norms_1, *self.norms_2):
            layer.build((None, None, self.channels))

    def call(self, x, keep, g=None, training=False):
        x = x if g is None else x + g
        layers = zip(self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2, self.dropouts, strict=True)
        for separable, norm_1, pointwise, norm_2, dropout in layers:
            y = gelu(norm_1(separable(x * keep)))
            x += dropout(gelu(norm_2(pointwise(y))), training=training)
        return x * keep


class ElementwiseAffine(keras.layers.Layer):
    """`m + x exp(logs)`, and the log-determinant `[batch]`; with `reverse` back, without. `[batch, time, channels]`.

    Args:
        channels: each has an m and a logs.
    """

    def __init__(self, channels: int, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape=None):
        self.m = self.add_weight(name="m", shape=(1, self.channels), initializer="zeros")
        self.logs = self.add_weight(name="logs", shape=(1, self.channels), initializer="zeros")

    def call(self, x, keep, g=None, reverse=False):
        m, logs = tf.cast(self.m, x.dtype), tf.cast(self.logs, x.dtype)
        if reverse:
            return (x - m) * tf.exp(-logs) * keep
        return (m + tf.exp(logs) * x) * keep, tf.reduce_sum(logs * keep, axis=[1, 2])


class ConvFlow(keras.layers.Layer):
    """The second of two channels through splines that the first one shapes: `[batch, time, 2]`, and the log-determinant
    `[batch]`; with `reverse` back, without. The condition is `[batch, time, hidden]`. It starts as the identity.

    Args:
        hidden: channels of the network that shapes them.
        kernel_size: its taps.
        layers: its convolutions.
    """

    def __init__(self, hidden: int, kernel_size: int, layers: int, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        policy = self.dtype_policy
        self.pre = Conv1D(hidden, 1, name="pre", dtype=policy)
        self.convs = DDSConv(hidden, kernel_size, layers, 0.0, name="convs", dtype=policy)
        self.proj = Conv1D(3 * _BINS - 1, 1, kernel_initializer="zeros", name="proj", dtype=policy)

    def build(self, input_shape=None):
        self.pre.build((None, None, 1))
        self.convs.build()
        self.proj.build((None, None, self.hidden))
        self.proj.bias.assign(tf.zeros_like(self.proj.bias))

    def call(self, x, keep, g=None, reverse=False):
        through, other = tf.split(x, 2, axis=-1)
        shape = self.proj(self.convs(self.pre(through), keep, g)) * keep
        widths, heights, derivatives = tf.split(shape[:, :, None], [_BINS, _BINS, _BINS - 1], axis=-1)
        scale = tf.sqrt(tf.cast(self.hidden, x.dtype))
        other, log_derivative = spline(other, widths / scale, heights / scale, derivatives, reverse)
        x = tf.concat([through, other], axis=-1) * keep
        return x if reverse else (x, tf.reduce_sum(log_derivative * keep, axis=[1, 2]))


class DurationFlow(keras.layers.Layer):
    """An affine map of two channels, then ConvFlows, with the channels exchanged behind each of them.

    `[batch, time, 2]` under a condition `[batch, time, hidden]` to the same and the log-determinant `[batch]`.

    Args:
        hidden, kernel_size, layers: of the ConvFlows.
        count: how many there are.
        speaking_only: without the ConvFlow that the way back leaves out.
    """

    def __init__(self, hidden: int, kernel_size: int, layers: int, count: int, speaking_only: bool = False, **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.affine = ElementwiseAffine(2, name="affine", dtype=policy)
        self.conv_flows = [
            None if i == 0 and speaking_only else ConvFlow(hidden, kernel_size, layers, name=name, dtype=policy)
            for i, name in enumerate(f"conv_flows_{i}" for i in range(count))
        ]

    def build(self, input_shape=None):
        for layer in (self.affine, *self.conv_flows):
            if layer is not None:
                layer.build()

    def call(self, x, keep, g):
        x, total = self.affine(x, keep)
        for flow in self.conv_flows:
            x, log_determinant = flow(x, keep, g)
            x, total = flip(x), total + log_determinant
        return x, total

    def first_channel(self, x, keep, g):
        """The way back, but for the ConvFlow that would only change the channel that is thrown away, as upstream.

        `[batch, time, 2] -> [batch, time, 1]`.
        """
        for flow in reversed(self.conv_flows[1:]):
            x = flow(flip(x), keep, g, reverse=True)
        return self.affine(flip(x), keep, reverse=True)[..., :1]
