"""Convolution down the columns of a picture: HiFi-GAN's periods."""

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform
from tfvc.layers.padding import conv_length


@keras.saving.register_keras_serializable("tfvc")
class ColumnConv2D(keras.layers.Layer):
    """Equals `torch.nn.Conv2d` with a kernel (k, 1), a stride (s, 1) and a padding (p, 0): columns do not mix.

    `[batch, columns, rows, in] -> [batch, columns, rows', filters]`; torch has `[batch, in, rows, columns]`. With
    columns before rows, what a kernel reads lies together.

    Variables: `kernel` `[1, k, in, filters]` (torch's `weight` `[filters, in, k, 1]`, axes reversed), `bias`
    `[filters]`.

    Args:
        filters: output channels.
        kernel_size: taps down the column.
        strides: step between outputs, in rows.
        padding: rows of zeros added at both ends.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: int = 0,
        use_bias: bool = True,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        torch_uniform = FanInUniform(channels * self.kernel_size)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(1, self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer or torch_uniform,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=torch_uniform)

    def call(self, x):
        return self.apply_kernel(x, tf.convert_to_tensor(self.kernel))

    def apply_kernel(self, x, kernel):
        """The layer with another kernel in place of its own: how `WeightNorm` uses it."""
        x = tf.pad(x, [[0, 0], [0, 0], [self.padding, self.padding], [0, 0]])
        x = tf.nn.conv2d(x, tf.cast(kernel, x.dtype), [1, 1, self.strides, 1], "VALID")
        return x + self.bias if self.use_bias else x

    def compute_output_shape(self, input_shape):
        batch, columns, rows, _ = input_shape
        return batch, columns, conv_length(rows, self.kernel_size, self.strides, self.padding, 1), self.filters

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
