"""MelGAN's generator: the vocoder itself."""

import dataclasses
from typing import Self

import tensorflow as tf

from tfvc.layers import WeightNorm
from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.networks import GENERATORS
from tfvc.models.vocoder import VocoderModel


class MelGANGenerator(VocoderModel):
    """A mel `[batch, frames, n_mels]` to a waveform `[batch, frames * hop, 1]` in [-1, 1].

    In the shape "descript" it equals `Generator` of descriptinc/melgan-neurips, in the shape "keras_io" the generator
    of the keras.io example (without the mel extraction in front; `MelGAN` does that when it trains).

    Args:
        config: shape and sizes.
        mel_spec: the front-end whose mels it takes.

    Example:
        generator = MelGANGenerator.from_preset("melgan_small")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "melgan"
    config_class = MelGANConfig

    def __init__(self, config: MelGANConfig, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.network = GENERATORS[config.shape](config, name="network", dtype=self.dtype_policy)
        self.network.build()
        self.built = True

    def call(self, mel, training=False):
        return self.network(mel)

    @property
    def reach(self) -> int:
        """Frames before and after its own on which a sample depends."""
        return self.network.reach

    @property
    def least_frames(self) -> int:
        """The shortest mel that the network takes: reflected padding needs more frames than it adds."""
        return self.network.least_frames

    def fused(self) -> Self:
        """The same generator with the weight normalisation computed once and for all: for inference."""
        if not self.config.weight_norm:
            return self
        config = dataclasses.replace(self.config, weight_norm=False)
        plain = type(self)(config, self.mel_spec, name=self.name, dtype=self.dtype_policy)
        for mine, its in zip(self.network.convolutions, plain.network.convolutions, strict=True):
            if isinstance(mine, WeightNorm):
                its.kernel.assign(mine.normalized_kernel())
                mine = mine.layer
            else:
                its.kernel.assign(tf.convert_to_tensor(mine.kernel))
            its.bias.assign(tf.convert_to_tensor(mine.bias))
        return plain
