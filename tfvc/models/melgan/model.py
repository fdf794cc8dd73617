"""MelGAN as a `keras.Model` that is trained with `fit`."""

import keras
import tensorflow as tf

from tfvc.models.gan_step import VocoderGAN
from tfvc.models.melgan import losses
from tfvc.models.melgan.discriminator import MelGANDiscriminator
from tfvc.models.melgan.generator import MelGANGenerator
from tfvc.optimizers.adam import Adam


@keras.saving.register_keras_serializable("tfvc")
class MelGAN(VocoderGAN):
    """MelGAN (Kumar et al. 2019) in training: `train.py` of descriptinc/melgan-neurips.

    Data and steps are those of `VocoderGAN`. Losses: `discriminator`; `adversarial` and `feature` and, with the weight
    of the features, their sum `generator`.

    Args:
        generator: `MelGANGenerator`.
        discriminator: `MelGANDiscriminator` of the same configuration.

    Example:
        gan = MelGAN.from_name("descript")
        gan.compile()
        gan.fit(waves.map(lambda wave: (wave, wave)).batch(16))
    """

    generator_class = MelGANGenerator
    discriminator_class = MelGANDiscriminator

    @property
    def mel_weight(self) -> float:
        return self.config.mel_weight

    def discriminator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        return {"discriminator": losses.discriminator_loss(real, fake)}

    def generator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        adversarial, feature = losses.adversarial_loss(fake), losses.feature_loss(real, fake)
        total = adversarial + self.config.feature_weight * feature
        return {"generator": total, "adversarial": adversarial, "feature": feature}

    def default_optimizers(self):
        return tuple(Adam(1e-4, beta_1=0.5, beta_2=0.9) for _ in range(2))
