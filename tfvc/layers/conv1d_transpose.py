"""Transposed convolution along time with torch's cropping."""

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform
from tfvc.layers.padding import conv_transpose_length, dilate_kernel


@keras.saving.register_keras_serializable("tfvc")
class Conv1DTranspose(keras.layers.Layer):
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
        super().__init__(**kwargs)
        if output_padding and output_padding >= max(strides, dilation_rate):
            raise ValueError(
                f"output_padding must be smaller than strides or dilation_rate, received "
                f"output_padding={output_padding}, strides={strides}, dilation_rate={dilation_rate}"
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.output_padding = output_padding
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        # torch counts the fan-in of a transposed kernel [in, out, k] over its second axis: the outputs.
        torch_uniform = FanInUniform(self.filters * self.kernel_size)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.filters, channels),
            initializer=self.kernel_initializer or torch_uniform,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer=torch_uniform)

    def call(self, x):
        return self.apply_kernel(x, tf.convert_to_tensor(self.kernel))

    def apply_kernel(self, x, kernel):
        """The layer with another kernel in place of its own: how `WeightNorm` uses it."""
        kernel = dilate_kernel(tf.cast(kernel, x.dtype), self.dilation_rate)
        taps = (self.kernel_size - 1) * self.dilation_rate + 1
        batch, frames = tf.shape(x)[0], tf.shape(x)[1]
        full = (frames - 1) * self.strides + taps
        y = tf.nn.conv1d_transpose(x, kernel, [batch, full, self.filters], strides=self.strides, padding="VALID")
        length = full - 2 * self.padding + self.output_padding
        # Output padding can reach beyond the last tap; what lies there is zero before the bias.
        y = tf.pad(y, [[0, 0], [0, max(self.output_padding - self.padding, 0)], [0, 0]])
        y = y[:, self.padding : self.padding + length]
        y = tf.ensure_shape(y, self.compute_output_shape(x.shape))
        return y + self.bias if self.use_bias else y

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
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
