"""Convolution down the columns of a picture: HiFi-GAN's periods."""

import keras
import tensorflow as tf

from tfvc.layers.convolution import Convolution
from tfvc.layers.padding import conv_length


@keras.saving.register_keras_serializable("tfvc")
class ColumnConv2D(Convolution):
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
        super().__init__(filters, kernel_size, strides, padding, use_bias, kernel_initializer, **kwargs)

    def kernel_shape(self, channels):
        return 1, self.kernel_size, channels, self.filters

    def convolve(self, x, kernel):
        x = tf.pad(x, [[0, 0], [0, 0], [self.padding, self.padding], [0, 0]])
        return tf.nn.conv2d(x, kernel, [1, 1, self.strides, 1], "VALID")

    def compute_output_shape(self, input_shape):
        batch, columns, rows, _ = input_shape
        return batch, columns, conv_length(rows, self.kernel_size, self.strides, self.padding, 1), self.filters
