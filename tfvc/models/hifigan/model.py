"""HiFi-GAN as a `keras.Model` that is trained with `fit`."""

import dataclasses
from typing import Self

import keras
import tensorflow as tf

from tfvc.models.gan_step import VocoderGAN
from tfvc.models.hifigan import losses
from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.hifigan.discriminator import HiFiGANDiscriminator
from tfvc.models.hifigan.discriminator_config import HiFiGANDiscriminatorConfig
from tfvc.models.hifigan.generator import HiFiGANGenerator
from tfvc.optimizers.adam import AdamW


@keras.saving.register_keras_serializable("tfvc")
class HiFiGAN(VocoderGAN):
    """HiFi-GAN (Kong et al. 2020) in training: `train.py` of jik876/hifi-gan.

    Data and steps are those of `VocoderGAN`. Losses: `discriminator`; `adversarial`, `feature` (its weight of 2
    included) and `mel`, which with a weight of 45 sum to `generator`. The mels compared reach up to half the sample
    rate, whatever those reach that the generator reads.

    Args:
        generator: `HiFiGANGenerator`.
        discriminator: `HiFiGANDiscriminator`.

    Example:
        gan = HiFiGAN.from_name("v1")
        gan.compile()
        gan.fit(waves.map(lambda wave: (wave, wave)).batch(16))
    """

    generator_class = HiFiGANGenerator
    discriminator_class = HiFiGANDiscriminator
    mel_weight = 45.0
    renews_features = True

    @classmethod
    def fresh(
        cls,
        config: HiFiGANConfig,
        mel_spec=None,
        discriminator: HiFiGANDiscriminatorConfig | None = None,
        **kwargs,
    ) -> Self:
        """Both networks with fresh weights; the discriminators of the published sizes unless others are given."""
        judge = HiFiGANDiscriminator(discriminator or HiFiGANDiscriminatorConfig(), mel_spec, **kwargs)
        return cls(HiFiGANGenerator(config, mel_spec, **kwargs), judge, **kwargs)

    @classmethod
    def from_name(cls, name: str, **kwargs) -> Self:
        """A named architecture with fresh weights, on the mels that it is used with."""
        generator = HiFiGANGenerator.from_name(name, **kwargs)
        judge = HiFiGANDiscriminator(HiFiGANDiscriminatorConfig(), generator.mel_spec, **kwargs)
        return cls(generator, judge, **kwargs)

    def compared_mels(self, mel_spec):
        return dataclasses.replace(mel_spec, fmax=mel_spec.sample_rate / 2)

    def discriminator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        return {"discriminator": losses.discriminator_loss(real, fake)}

    def generator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        adversarial, feature = losses.adversarial_loss(fake), losses.feature_loss(real, fake)
        return {"generator": adversarial + feature, "adversarial": adversarial, "feature": feature}

    def default_optimizers(self):
        return tuple(AdamW(2e-4, beta_1=0.8, beta_2=0.99) for _ in range(2))
