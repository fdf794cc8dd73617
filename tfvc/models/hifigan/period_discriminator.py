"""HiFi-GAN's multi-period discriminator (jik876/hifi-gan, models.py)."""

import keras
import tensorflow as tf

from tfvc.layers import ColumnConv2D, WeightNorm, leaky_relu
from tfvc.layers.padding import pad_time
from tfvc.models.hifigan.network import SLOPE


class PeriodDiscriminator(keras.layers.Layer):
    """wave `[batch, samples, 1]` -> a map `[batch, period, rows, width]` for each width, and the score, of width 1.

    The wave is laid out in rows of `period` samples, and every convolution runs down the columns: each column hears
    every `period`-th sample. A wave that does not fill its last row is reflected at its end.

    Args:
        period: samples of a row.
        widths: channels after each convolution but the last.
    """

    def __init__(self, period: int, widths: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.period = period
        policy = self.dtype_policy
        strides = [3] * (len(widths) - 1) + [1]
        self.convolutions = [
            WeightNorm(ColumnConv2D(width, 5, strides=stride, padding=2, name=f"convolutions_{i}", dtype=policy))
            for i, (width, stride) in enumerate(zip(widths, strides, strict=True))
        ]
        self.score = WeightNorm(ColumnConv2D(1, 3, padding=1, name="score", dtype=policy))

    def build(self, input_shape):
        shape = (None, self.period, None, 1)
        for layer in (*self.convolutions, self.score):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, wave):
        x = self._columns(wave)
        maps = []
        for layer in self.convolutions:
            x = leaky_relu(layer(x), SLOPE)
            maps.append(x)
        return [*maps, self.score(x)]

    def _columns(self, wave):
        """`[batch, samples, 1] -> [batch, period, rows, 1]`."""
        samples = wave.shape[1] if wave.shape[1] is not None else tf.shape(wave)[1]
        wave = pad_time(wave, 0, -samples % self.period, "reflect")
        rows = tf.reshape(wave, [tf.shape(wave)[0], -1, self.period, 1])
        return tf.transpose(rows, [0, 2, 1, 3])


class MultiPeriodDiscriminator(keras.layers.Layer):
    """wave `[batch, samples, 1]` -> the maps of every period.

    Args:
        periods: of the discriminators.
        widths: of each of them.
    """

    def __init__(self, periods: tuple[int, ...], widths: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.discriminators = [
            PeriodDiscriminator(period, widths, name=f"discriminators_{i}", dtype=policy)
            for i, period in enumerate(periods)
        ]

    def build(self, input_shape):
        for discriminator in self.discriminators:
            discriminator.build(input_shape)

    def call(self, wave):
        return [discriminator(wave) for discriminator in self.discriminators]
