"""Gated convolutions under a condition, as in WaveNet (jaywalnut310/vits, modules.py)."""

import keras
import tensorflow as tf

from tfvc.layers import Conv1D
from tfvc.models.hifigan.network import normed


class WaveNet(keras.layers.Layer):
    """`[batch, time, hidden]` to the same: layers of tanh times sigmoid, whose skips are summed. No layer is dilated.

    The condition `[batch, 1, gin]` comes in through one convolution, of whose channels each layer has a slice.

    Args:
        hidden: channels.
        kernel_size: taps, odd.
        layers: how many.
        gin: channels of the condition; 0: there is none.
        fused: without weight normalisation, which has been computed.
    """

    def __init__(self, hidden: int, kernel_size: int, layers: int, gin: int, fused: bool, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.count, self.gin = hidden, layers, gin

        def conv(name, filters, taps):
            return normed(Conv1D(filters, taps, padding=taps // 2, name=name, dtype=self.dtype_policy), fused)

        self.in_layers = [conv(f"in_layers_{i}", 2 * hidden, kernel_size) for i in range(layers)]
        # The last layer has no successor for a residual to go to.
        widths = [2 * hidden] * (layers - 1) + [hidden]
        self.res_skip_layers = [conv(f"res_skip_layers_{i}", width, 1) for i, width in enumerate(widths)]
        self.cond_layer = conv("cond_layer", 2 * hidden * layers, 1) if gin else None
        self.reach = layers * (kernel_size // 2)

    def build(self, input_shape=None):
        for layer in (*self.in_layers, *self.res_skip_layers):
            layer.build((None, None, self.hidden))
        if self.cond_layer is not None:
            self.cond_layer.build((None, None, self.gin))

    def call(self, x, keep, g=None):
        conditions = None if g is None else tf.split(self.cond_layer(g), self.count, axis=-1)
        skips = []
        for i, (conv, res_skip) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            gated = conv(x) if conditions is None else conv(x) + conditions[i]
            content, gate = tf.split(gated, 2, axis=-1)
            step = res_skip(tf.tanh(content) * tf.sigmoid(gate))
            if i < self.count - 1:
                residual, skip = tf.split(step, 2, axis=-1)
                x = (x + residual) * keep
            else:
                skip = step
            skips.append(skip)
        return tf.add_n(skips) * keep
