"""Convolution of pictures with torch's padding."""

import keras
import tensorflow as tf

from tfvc.layers.convolution import Convolution
from tfvc.layers.padding import conv_length


@keras.saving.register_keras_serializable("tfvc")
class Conv2D(Convolution):
    """Equals `torch.nn.Conv2d` with a square kernel, stride and padding, channels last.

    `[batch, rows, columns, in] -> [batch, rows', columns', filters]`. The padding is explicit: with a stride the
    "same" of TensorFlow is no torch padding.

    Variables: `kernel` `[k, k, in, filters]` (torch's `weight` `[filters, in, k, k]`), `bias` `[filters]`.

    Args:
        filters: output channels.
        kernel_size: taps along rows and columns.
        strides: step between outputs.
        padding: zeros added on each side.
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
        return self.kernel_size, self.kernel_size, channels, self.filters

    def fan_in(self, channels):
        return channels * self.kernel_size**2

    def convolve(self, x, kernel):
        sides = [self.padding, self.padding]
        return tf.nn.conv2d(tf.pad(x, [[0, 0], sides, sides, [0, 0]]), kernel, self.strides, "VALID")

    def compute_output_shape(self, input_shape):
        batch, *sizes, _ = input_shape
        sizes = (conv_length(size, self.kernel_size, self.strides, self.padding, 1) for size in sizes)
        return batch, *sizes, self.filters
