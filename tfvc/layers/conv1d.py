"""Convolution along time with torch's padding."""

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform
from tfvc.layers.padding import check_padding, conv_length, dilate_kernel, pad_for_conv


@keras.saving.register_keras_serializable("tfvc")
class Conv1D(keras.layers.Layer):
    """Equals `torch.nn.Conv1d` (groups=1), channels last: `[batch, time, in] -> [batch, time', filters]`.

    The padding is explicit, `padding` frames on each side, then a valid convolution. With a stride above 1 the
    "same" of TensorFlow is no torch padding, since it depends on the number of frames (see `same_padding`); it is
    there for models that were born in Keras.

    Variables: `kernel` `[k, in, filters]` (torch's `weight` `[filters, in, k]` transposed), `bias`
    `[filters]`.

    Args:
        filters: output channels.
        kernel_size: taps.
        strides: step between outputs, in frames.
        padding: frames added on each side, or "same".
        padding_mode: "zeros" or "reflect".
        dilation_rate: distance between taps, in frames.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own.

    Raises:
        ValueError: if `padding` or `padding_mode` is none of these.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: int | str = 0,
        padding_mode: str = "zeros",
        dilation_rate: int = 1,
        use_bias: bool = True,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_padding(padding, padding_mode)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.padding_mode = padding_mode
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        torch_uniform = FanInUniform(channels * self.kernel_size)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, channels, self.filters),
            initializer=self.kernel_initializer or torch_uniform,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=torch_uniform)

    def call(self, x):
        return self.apply_kernel(x, tf.convert_to_tensor(self.kernel))

    def apply_kernel(self, x, kernel):
        """The layer with another kernel in place of its own: how `WeightNorm` uses it."""
        x = pad_for_conv(x, self.kernel_size, self.strides, self.padding, self.dilation_rate, self.padding_mode)
        kernel, dilation = tf.cast(kernel, x.dtype), self.dilation_rate
        if self.strides > 1:  # TensorFlow has no strided dilated convolution, so its zeros are written out
            kernel, dilation = dilate_kernel(kernel, dilation), 1
        x = tf.nn.convolution(x, kernel, strides=self.strides, padding="VALID", dilations=dilation)
        return x + self.bias if self.use_bias else x

    def compute_output_shape(self, input_shape):
        frames = conv_length(input_shape[1], self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], frames, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "padding_mode": self.padding_mode,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
