"""Grouped convolution along time, with a gradient that works and is fast on a CPU."""

import keras

from tfvc.layers.convolution import Convolution
from tfvc.layers.grouped_convolution import depthwise_convolution, grouped_convolution
from tfvc.layers.padding import check_padding, conv_length, dilate_kernel, pad_for_conv


@keras.saving.register_keras_serializable("tfvc")
class GroupedConv1D(Convolution):
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
        super().__init__(filters, kernel_size, strides, padding, use_bias, kernel_initializer, **kwargs)
        check_padding(padding, "zeros")
        if filters % groups:
            raise ValueError(f"filters must be a multiple of groups, received filters={filters}, groups={groups}")
        self.groups = groups
        self.dilation_rate = dilation_rate

    def build(self, input_shape):
        if input_shape[-1] % self.groups:
            raise ValueError(f"the {input_shape[-1]} input channels are no multiple of groups={self.groups}")
        super().build(input_shape)

    def kernel_shape(self, channels):
        return self.kernel_size, channels // self.groups, self.filters

    def fan_in(self, channels):
        return channels // self.groups * self.kernel_size

    def convolve(self, x, kernel):
        x = pad_for_conv(x, self.kernel_size, self.strides, self.padding, self.dilation_rate, "zeros")
        if self.strides == 1 and kernel.shape[1] == 1 and self.groups == self.filters:
            return depthwise_convolution(x, kernel, self.dilation_rate)
        return grouped_convolution(x, dilate_kernel(kernel, self.dilation_rate), self.groups, self.strides)

    def add_bias(self, x):
        # No `bias_add`: without oneDNN the one operation made of both knows no groups.
        return x + self.bias

    def compute_output_shape(self, input_shape):
        frames = conv_length(input_shape[1], self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], frames, self.filters)

    def get_config(self):
        return {**super().get_config(), "groups": self.groups, "dilation_rate": self.dilation_rate}
