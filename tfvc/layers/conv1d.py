"""Convolution along time with torch's padding."""

import keras
import tensorflow as tf

from tfvc.layers.convolution import Convolution
from tfvc.layers.padding import check_padding, conv_length, dilate_kernel, pad_for_conv


@keras.saving.register_keras_serializable("tfvc")
class Conv1D(Convolution):
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
        super().__init__(filters, kernel_size, strides, padding, use_bias, kernel_initializer, **kwargs)
        check_padding(padding, padding_mode)
        self.padding_mode = padding_mode
        self.dilation_rate = dilation_rate

    def kernel_shape(self, channels):
        return self.kernel_size, channels, self.filters

    def convolve(self, x, kernel):
        dilation = self.dilation_rate
        keeps_length = self.padding == "same" or 2 * self.padding == (self.kernel_size - 1) * dilation
        if keeps_length and self.strides == 1 and self.padding_mode == "zeros":
            # As many zeros on both sides, or the odd one at the end: the operation adds them without a copy.
            return tf.nn.convolution(x, kernel, padding="SAME", dilations=dilation)
        x = pad_for_conv(x, self.kernel_size, self.strides, self.padding, dilation, self.padding_mode)
        if self.strides > 1:  # TensorFlow has no strided dilated convolution, so its zeros are written out
            kernel, dilation = dilate_kernel(kernel, dilation), 1
        return tf.nn.convolution(x, kernel, strides=self.strides, padding="VALID", dilations=dilation)

    def compute_output_shape(self, input_shape):
        frames = conv_length(input_shape[1], self.kernel_size, self.strides, self.padding, self.dilation_rate)
        return (input_shape[0], frames, self.filters)

    def get_config(self):
        return {**super().get_config(), "padding_mode": self.padding_mode, "dilation_rate": self.dilation_rate}
