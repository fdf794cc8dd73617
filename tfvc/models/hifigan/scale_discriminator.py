"""HiFi-GAN's multi-scale discriminator (jik876/hifi-gan, models.py)."""

from collections.abc import Callable

import keras

from tfvc.layers import AveragePool1D, Conv1D, GroupedConv1D, SpectralNorm, WeightNorm, leaky_relu
from tfvc.models.hifigan.discriminator_config import GROUPS
from tfvc.models.hifigan.network import SLOPE

KERNELS = (15, 41, 41, 41, 41, 41, 5)
STRIDES = (1, 2, 2, 4, 4, 1, 1)


class ScaleDiscriminator(keras.layers.Layer):
    """wave `[batch, samples, 1]` -> a map `[batch, steps, width]` for each of the seven widths, and the score.

    Args:
        norm: `SpectralNorm` or `WeightNorm`.
        widths: channels after each convolution but the last; `GROUPS` must divide those on both sides of its layer.
    """

    def __init__(self, norm: Callable[[keras.layers.Layer], keras.layers.Layer], widths: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy

        def conv(i, width, kernel, stride, groups):
            settings = {"strides": stride, "padding": kernel // 2, "name": f"convolutions_{i}", "dtype": policy}
            if groups == 1:
                return Conv1D(width, kernel, **settings)
            return GroupedConv1D(width, kernel, groups, **settings)

        sizes = zip(widths, KERNELS, STRIDES, GROUPS, strict=True)
        self.convolutions = [norm(conv(i, *size)) for i, size in enumerate(sizes)]
        self.score = norm(Conv1D(1, 3, padding=1, name="score", dtype=policy))

    def build(self, input_shape):
        for layer in (*self.convolutions, self.score):
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, x):
        # Whether this is training, which matters to spectral norm, Keras hands down to each layer itself.
        maps = []
        for layer in self.convolutions:
            x = leaky_relu(layer(x), SLOPE)
            maps.append(x)
        return [*maps, self.score(x)]


class MultiScaleDiscriminator(keras.layers.Layer):
    """wave `[batch, samples, 1]` -> the maps of every scale; each hears the wave of the one before, half as long.

    The pooling counts the zeros of its padding, and gives samples // 2 + 1. Only the first scale has spectral norm.

    Args:
        scales: how many.
        widths: of each of them.
    """

    def __init__(self, scales: int, widths: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.discriminators = [
            ScaleDiscriminator(WeightNorm if i else SpectralNorm, widths, name=f"discriminators_{i}", dtype=policy)
            for i in range(scales)
        ]
        self.pool = AveragePool1D(4, 2, padding=2, name="pool", dtype=policy)

    def build(self, input_shape):
        for discriminator in self.discriminators:
            discriminator.build(input_shape)

    def call(self, wave):
        maps = []
        for i, discriminator in enumerate(self.discriminators):
            if i:
                wave = self.pool(wave)
            maps.append(discriminator(wave))
        return maps
