"""The discriminators of both MelGANs: the same network on several sample rates."""

import abc
from collections.abc import Callable

import keras

from tfvc.layers import Conv1D, GroupedConv1D, WeightNorm, leaky_relu
from tfvc.models.melgan.sizes import MelGANSizes
from tfvc.models.preset import PresetModel


class ScaleDiscriminator(keras.layers.Layer):
    """One discriminator: `[batch, samples, 1]` -> its seven maps, the last of them the score `[batch, steps, 1]`.

    Args:
        sizes: channels and groups.
        slope: of the LeakyReLUs.
        padding: function from the taps of a convolution to its padding.
        padding_mode: of the first convolution.
    """

    def __init__(
        self,
        sizes: MelGANSizes,
        slope: float,
        padding: Callable[[int], int | str],
        padding_mode: str = "zeros",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.slope = slope

        def settings(i, taps):
            return {"padding": padding(taps), "name": f"convolutions_{i}", "dtype": self.dtype_policy}

        layers = [Conv1D(sizes.discriminator_channels, 15, padding_mode=padding_mode, **settings(0, 15))]
        for i, (channels, groups) in enumerate(sizes.strided_layers, 1):
            layers.append(GroupedConv1D(channels, 41, groups, strides=4, **settings(i, 41)))
        widest = min(2 * layers[-1].filters, sizes.discriminator_max_channels)
        layers += [Conv1D(widest, 5, **settings(5, 5)), Conv1D(1, 3, **settings(6, 3))]
        self.convolutions = [WeightNorm(layer) for layer in layers]

    def build(self, input_shape):
        for layer in self.convolutions:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, x):
        maps = []
        for layer in self.convolutions[:-1]:
            x = leaky_relu(layer(x), self.slope)
            maps.append(x)
        return [*maps, self.convolutions[-1](x)]


class MultiScaleDiscriminator(PresetModel):
    """A waveform `[batch, samples, 1]` to the maps of each scale: a list of `discriminator_scales` lists of seven.

    The first six maps serve feature matching, the seventh is the score. A subclass makes the scales and the pooling
    between them.

    Args:
        config: sizes.
        mel_spec: the front-end of the generator it was trained with; not needed for its computation.
    """

    def __init__(self, config: MelGANSizes, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.scales = [self.make_scale(f"scales_{i}") for i in range(config.discriminator_scales)]
        self.pool = self.make_pool("pool")
        self.build()

    @abc.abstractmethod
    def make_scale(self, name: str) -> ScaleDiscriminator:
        """One of the discriminators, not built yet."""

    @abc.abstractmethod
    def make_pool(self, name: str) -> keras.layers.Layer:
        """From a wave to one of half its sample rate."""

    def build(self, input_shape=None):
        for scale in self.scales:
            scale.build((None, None, 1))

    def call(self, wave, training=False):
        maps = []
        for i, scale in enumerate(self.scales):
            if i:
                wave = self.pool(wave)
            maps.append(scale(wave))
        return maps
