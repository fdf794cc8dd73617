"""The MelGAN of the keras.io example as a `keras.Model` that is trained with `fit`."""

import keras
import tensorflow as tf

from tfvc.models.gan_step import VocoderGAN
from tfvc.models.melgan_keras_io import losses
from tfvc.models.melgan_keras_io.discriminator import KerasIOMelGANDiscriminator
from tfvc.models.melgan_keras_io.generator import KerasIOMelGANGenerator
from tfvc.optimizers.adam import Adam


@keras.saving.register_keras_serializable("tfvc")
class KerasIOMelGAN(VocoderGAN):
    """The keras.io example in training: both networks step at once, from the maps of one forward pass.

    Data and steps are those of `VocoderGAN`. Losses: `discriminator`; `adversarial` and `feature` and, with the weight
    of the features, their sum `generator`.

    Args:
        generator: `KerasIOMelGANGenerator`.
        discriminator: `KerasIOMelGANDiscriminator` of the same configuration.

    Example:
        gan = KerasIOMelGAN.from_name("keras_io")
        gan.compile()
        gan.fit(waves.map(lambda wave: (wave, wave)).batch(16))
    """

    generator_class = KerasIOMelGANGenerator
    discriminator_class = KerasIOMelGANDiscriminator
    simultaneous = True

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
        # Keras's epsilon, and each gradient clipped to length 1.
        return tuple(Adam(rate, beta_1=0.5, beta_2=0.9, epsilon=1e-7, clipnorm=1.0) for rate in (1e-5, 1e-6))
