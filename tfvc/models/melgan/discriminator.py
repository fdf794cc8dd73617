"""MelGAN's discriminators: the same network on three sample rates."""

import keras

from tfvc.layers import AveragePool1D, Conv1D, GroupedConv1D, leaky_relu
from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.keras2_layers import discriminator_layers
from tfvc.models.melgan.networks import SLOPES, normed
from tfvc.models.melgan.torch_keys_of_discriminator import TORCH_KEYS
from tfvc.models.preset import PresetModel

_STRIDED_LAYERS = 4


class ScaleDiscriminator(keras.layers.Layer):
    """One discriminator: `[batch, samples, 1]` -> its seven maps, the last of them the score `[batch, steps, 1]`."""

    def __init__(self, config: MelGANConfig, **kwargs):
        super().__init__(**kwargs)
        self.slope = SLOPES[config.shape]
        self.convolutions = [normed(layer, config) for layer in _convolutions(config, self.dtype_policy)]

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


def _convolutions(config: MelGANConfig, policy) -> list[keras.layers.Layer]:
    """The seven convolutions; the shapes of MelGAN differ in their padding alone."""
    same = config.shape == "keras_io"

    def padding(frames):
        return "same" if same else frames

    channels = config.discriminator_channels
    mode = "zeros" if same else "reflect"
    layers = [Conv1D(channels, 15, padding=padding(7), padding_mode=mode, name="convolutions_0", dtype=policy)]
    for i in range(_STRIDED_LAYERS):
        groups, channels = channels // 4, min(4 * channels, config.discriminator_max_channels)
        layers.append(
            GroupedConv1D(
                channels, 41, groups, strides=4, padding=padding(20), name=f"convolutions_{i + 1}", dtype=policy
            )
        )
    channels = min(2 * channels, config.discriminator_max_channels)
    layers.append(Conv1D(channels, 5, padding=padding(2), name="convolutions_5", dtype=policy))
    layers.append(Conv1D(1, 3, padding=padding(1), name="convolutions_6", dtype=policy))
    return layers


class MelGANDiscriminator(PresetModel):
    """A waveform `[batch, samples, 1]` to the maps of each scale: a list of `discriminator_scales` lists of seven.

    In the shape "descript" it equals `Discriminator` of descriptinc/melgan-neurips, in the shape "keras_io" the
    discriminator of the keras.io example. The first six maps serve feature matching, the seventh is the score.

    Args:
        config: shape and sizes.
        mel_spec: the front-end of the generator it was trained with; not needed for its computation.
    """

    name_in_presets = "melgan_discriminator"
    config_class = MelGANConfig
    torch_keys = TORCH_KEYS
    keras2_layers = discriminator_layers

    def __init__(self, config: MelGANConfig, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        policy = self.dtype_policy
        self.scales = [
            ScaleDiscriminator(config, name=f"scales_{i}", dtype=policy) for i in range(config.discriminator_scales)
        ]
        if config.shape == "keras_io":
            self.pool = AveragePool1D(2, name="pool", dtype=policy)
        else:
            self.pool = AveragePool1D(4, 2, padding=1, count_include_pad=False, name="pool", dtype=policy)
        self.build()

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
