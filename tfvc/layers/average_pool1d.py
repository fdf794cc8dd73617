"""Average pooling along time with torch's padding."""

import keras
import tensorflow as tf

from tfvc.layers.padding import conv_length, pad_time


@keras.saving.register_keras_serializable("tfvc")
class AveragePool1D(keras.layers.Layer):
    """Equals `torch.nn.AvgPool1d`, channels last: `[batch, time, channels] -> [batch, time', channels]`.

    Keras's "same" never counts padding and puts it where the length demands; torch pads both sides alike and counts the
    zeros unless told otherwise.

    Args:
        pool_size: frames in a mean.
        strides: frames between outputs; None is `pool_size`.
        padding: frames of zeros on each side, at most half of `pool_size`.
        count_include_pad: whether a mean that reaches into the padding counts its zeros (torch's default), or is
            taken over the frames there are.

    Raises:
        ValueError: if the padding is more than half of `pool_size`, which torch refuses too.
    """

    def __init__(
        self, pool_size: int, strides: int | None = None, padding: int = 0, count_include_pad: bool = True, **kwargs
    ):
        super().__init__(**kwargs)
        if padding > pool_size // 2:
            raise ValueError(
                f"padding must be at most half of pool_size, received padding={padding}, pool_size={pool_size}"
            )
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.padding = padding
        self.count_include_pad = count_include_pad

    def call(self, x):
        mean = self._pool(x)
        if self.count_include_pad or self.padding == 0:
            return mean
        return mean / self._pool(tf.ones([1, tf.shape(x)[1], 1], x.dtype))

    def _pool(self, x):
        x = pad_time(x, self.padding, self.padding)
        return tf.nn.avg_pool1d(x, self.pool_size, self.strides, "VALID")

    def compute_output_shape(self, input_shape):
        frames = conv_length(input_shape[1], self.pool_size, self.strides, self.padding, 1)
        return (input_shape[0], frames, input_shape[2])

    def get_config(self):
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "count_include_pad": self.count_include_pad,
        }
