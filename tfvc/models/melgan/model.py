"""MelGAN as a `keras.Model` that is trained with `fit`."""

from typing import Self

import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.gan import VocoderGAN
from tfvc.models.melgan import losses
from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.discriminator import MelGANDiscriminator
from tfvc.models.melgan.generator import MelGANGenerator
from tfvc.optimizers.adam import Adam


class MelGAN(VocoderGAN):
    """MelGAN (Kumar et al. 2019) in training: `train.py` of descriptinc/melgan-neurips, or the keras.io example.

    Data and steps are those of `VocoderGAN`; "keras_io" steps both networks at once, and takes the pairs (wave, wave)
    of the example's dataset too. Losses: `discriminator`; `adversarial` and `feature` and, with the weight of the
    features, their sum `generator`.

    Args:
        generator: `MelGANGenerator`.
        discriminator: `MelGANDiscriminator` of the same shape.

    Example:
        gan = MelGAN.from_name("keras_io")
        gan.compile()
        gan.fit(waves.map(lambda wave: (wave, wave)).batch(16))
    """

    def __init__(self, generator: MelGANGenerator, discriminator: MelGANDiscriminator, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        self.config = generator.config
        self.simultaneous = self.config.shape == "keras_io"
        self.mel_weight = self.config.mel_weight

    @classmethod
    def fresh(cls, config: MelGANConfig, mel_spec=None, **kwargs) -> Self:
        """Both networks with fresh weights."""
        networks = (model(config, mel_spec, **kwargs) for model in (MelGANGenerator, MelGANDiscriminator))
        return cls(*networks, **kwargs)

    @classmethod
    def from_name(cls, name: str, **kwargs) -> Self:
        """A named architecture with fresh weights, on the mels that it is used with."""
        networks = (model.from_name(name, **kwargs) for model in (MelGANGenerator, MelGANDiscriminator))
        return cls(*networks, **kwargs)

    def unpack(self, data):
        if self.simultaneous and isinstance(data, tuple):
            given, wave = data
            if given.shape != wave.shape:
                raise TfvcError(f"pairs are of one waveform twice, not of {given.shape} and {wave.shape}; give a dict")
            data = {"waveform": wave}
        return super().unpack(data)

    def discriminator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        loss = losses.square_discriminator_loss if self.simultaneous else losses.hinge_discriminator_loss
        return {"discriminator": loss(real, fake)}

    def generator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        if self.simultaneous:
            adversarial, feature = losses.square_generator_loss(fake), losses.mean_feature_loss(real, fake)
        else:
            adversarial, feature = losses.hinge_generator_loss(fake), losses.summed_feature_loss(real, fake)
        total = adversarial + self.config.feature_weight * feature
        return {"generator": total, "adversarial": adversarial, "feature": feature}

    def default_optimizers(self):
        betas = {"beta_1": 0.5, "beta_2": 0.9}
        if self.simultaneous:
            # The example's own: Keras's epsilon, and each gradient clipped to length 1.
            return tuple(Adam(rate, **betas, epsilon=1e-7, clipnorm=1.0) for rate in (1e-5, 1e-6))
        return Adam(1e-4, **betas), Adam(1e-4, **betas)
