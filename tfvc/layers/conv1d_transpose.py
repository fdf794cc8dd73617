"""Transposed convolution along time with torch's cropping."""

import keras
import tensorflow as tf

from tfvc.layers.convolution import Convolution
from tfvc.layers.padding import conv_transpose_length, dilate_kernel


@keras.saving.register_keras_serializable("tfvc")
class Conv1DTranspose(Convolution):
    """Equals `torch.nn.ConvTranspose1d` (groups=1), channels last.

    `[batch, time, in] -> [batch, time', filters]` with
    time' = (time - 1) * strides - 2 * padding + dilation_rate * (kernel_size - 1) + output_padding + 1. The
    full transposed convolution is computed and cropped as torch crops it: `padding` frames at the start,
    `padding - output_padding` at the end. "same" of TensorFlow splits an odd crop the other way, one sample
    off.

    Variables: `kernel` `[k, filters, in]` (torch's `weight` `[in, filters, k]` transposed), `bias`
    `[filters]`.

    Args:
        filters: output channels.
        kernel_size: taps.
        strides: output frames per input frame.
        padding: frames cropped on each side.
        output_padding: frames given back at the end; below the larger of stride and dilation.
        dilation_rate: distance between taps, in frames.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own.

    Raises:
        ValueError: if `output_padding` is not smaller than the stride or the dilation, as torch demands.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: int = 0,
        output_padding: int = 0,
        dilation_rate: int = 1,
        use_bias: bool = True,
        kernel_initializer=None,
        **kwargs,
    ):
        super().__init__(filters, kernel_size, strides, padding, use_bias, kernel_initializer, **kwargs)
        if output_padding and output_padding >= max(strides, dilation_rate):
            raise ValueError(
                f"output_padding must be smaller than strides or dilation_rate, received "
                f"output_padding={output_padding}, strides={strides}, dilation_rate={dilation_rate}"
            )
        self.output_padding = output_padding
        self.dilation_rate = dilation_rate

    def kernel_shape(self, channels):
        return self.kernel_size, self.filters, channels

    def fan_in(self, channels):
        # torch counts the fan-in of a transposed kernel [in, out, k] over its second axis: the outputs.
        return self.filters * self.kernel_size

    def convolve(self, x, kernel):
        kernel = dilate_kernel(kernel, self.dilation_rate)
        taps = (self.kernel_size - 1) * self.dilation_rate + 1
        batch, frames = tf.shape(x)[0], tf.shape(x)[1]
        full = (frames - 1) * self.strides + taps
        y = tf.nn.conv1d_transpose(x, kernel, [batch, full, self.filters], strides=self.strides, padding="VALID")
        length = full - 2 * self.padding + self.output_padding
        # Output padding can reach beyond the last tap; what lies there is zero before the bias.
        y = tf.pad(y, [[0, 0], [0, max(self.output_padding - self.padding, 0)], [0, 0]])
        y = y[:, self.padding : self.padding + length]
        return tf.ensure_shape(y, self.compute_output_shape(x.shape))

    def compute_output_shape(self, input_shape):
        frames = conv_transpose_length(
            input_shape[1],
            self.kernel_size,
            self.strides,
            self.padding,
            self.output_padding,
            self.dilation_rate,
        )
        return (input_shape[0], frames, self.filters)

    def get_config(self):
        return {**super().get_config(), "output_padding": self.output_padding, "dilation_rate": self.dilation_rate}
