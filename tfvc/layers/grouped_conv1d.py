"""Grouped convolution along time, with a gradient that works and is fast on a CPU."""

import keras
import tensorflow as tf

from tfvc.layers.grouped_convolution import grouped_convolution
from tfvc.layers.initializers import FanInUniform
from tfvc.layers.padding import check_padding, conv_length, dilate_kernel, pad_for_conv


@keras.saving.register_keras_serializable("tfvc")
class GroupedConv1D(keras.layers.Layer):
    """Equals `torch.nn.Conv1d(groups=...)`, channels last: `[batch, time, in] -> [batch, time', filters]`.

    Output channel f sees the inputs of group f // (filters / groups) only. TensorFlow's own gradient of a grouped
    convolution is 30 to 2,000 times slower than torch's on a CPU, and there is none with oneDNN switched off; see
    `grouped_convolution` for how it is done here.

    Variables: `kernel` `[k, in / groups, filters]` (torch's `weight` `[filters, in / groups, k]` transposed), `bias`
    `[filters]`.

    Args:
        filters: output channels, a multiple of `groups`.
        kernel_size: taps.
        groups: into how many groups the channels are split.
        strides: step between outputs, in frames.
        padding: frames of zeros added on each side, or "same" (see `same_padding`).
        dilation_rate: distance between taps, in frames.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own.

    Raises:
        ValueError: if `groups` does not divide the channels, or `padding` is neither a number nor "same".
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        groups: int,
        strides: int = 1,
        padding: int | str = 0,
        dilation_rate: int = 1,
        use_bias: bool = True,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_padding(padding, "zeros")
        if filters % groups:
            raise ValueError(f"filters must be a multiple of groups, received filters={filters}, groups={groups}")
        self.filters = filters
        self.kernel_size = kernel_size
        self.groups = groups
        self.strides = strides
        self.padding = padding
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups:
            raise ValueError(f"the {channels} input channels are no multiple of groups={self.groups}")
        torch_uniform = FanInUniform(channels // self.groups * self.kernel_size)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, channels // self.groups, self.filters),
            initializer=self.kernel_initializer or torch_uniform,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=torch_uniform)

    def call(self, x):
        return self.apply_kernel(x, tf.convert_to_tensor(self.kernel))

    def apply_kernel(self, x, kernel):
        """The layer with another kernel in place of its own: how `WeightNorm` uses it."""
        x = pad_for_conv(x, self.kernel_size, self.strides, self.padding, self.dilation_rate, "zeros")
        kernel = dilate_kernel(tf.cast(kernel, x.dtype), self.dilation_rate)
        x = grouped_convolution(x, kernel, self.groups, self.strides)
        return x + self.bias if self.use_bias else x

    def compute_output_shape(self, input_shape):
        frames = conv_length(input_shape[1], self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], frames, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "groups": self.groups,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
