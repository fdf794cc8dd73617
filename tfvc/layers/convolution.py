"""What all convolutions share."""

import abc

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform


class Convolution(keras.layers.Layer):
    """A kernel and a bias with torch's initial values; `apply_kernel` lets a wrapper put another kernel in its place.

    A subclass says how large its kernel is and how it is applied.

    Args:
        filters: output channels.
        kernel_size: taps.
        strides, padding: as the subclass understands them.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own.
    """

    def __init__(self, filters: int, kernel_size: int, strides, padding, use_bias: bool, kernel_initializer, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    @abc.abstractmethod
    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """Of the kernel for so many input channels."""

    @abc.abstractmethod
    def convolve(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The convolution without the bias; the kernel has the precision of `x`."""

    def fan_in(self, channels: int) -> int:
        """What torch counts as inputs of one output, for its initial values."""
        return channels * self.kernel_size

    def build(self, input_shape):
        channels = input_shape[-1]
        torch_uniform = FanInUniform(self.fan_in(channels))
        self.kernel = self.add_weight(
            name="kernel",
            shape=self.kernel_shape(channels),
            initializer=self.kernel_initializer or torch_uniform,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=torch_uniform)

    def call(self, x):
        return self.apply_kernel(x, tf.convert_to_tensor(self.kernel))

    def apply_kernel(self, x, kernel):
        """The layer with another kernel in place of its own: how `WeightNorm` and `SpectralNorm` use it."""
        x = self.convolve(x, tf.cast(kernel, x.dtype))
        return self.add_bias(x) if self.use_bias else x

    def add_bias(self, x):
        # Of a convolution and a `bias_add` behind it TensorFlow makes one operation; of one and a sum it does not.
        return tf.nn.bias_add(x, self.bias)

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
