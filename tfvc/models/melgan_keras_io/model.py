"""The MelGAN of the keras.io example as a `keras.Model` that is trained with `fit`."""

import keras
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.gan_step import VocoderGAN
from tfvc.models.melgan_keras_io import losses
from tfvc.models.melgan_keras_io.discriminator import KerasIOMelGANDiscriminator
from tfvc.models.melgan_keras_io.generator import KerasIOMelGANGenerator
from tfvc.optimizers.adam import Adam


@keras.saving.register_keras_serializable("tfvc")
class KerasIOMelGAN(VocoderGAN):
    """The keras.io example in training: both networks step at once, from the maps of one forward pass.

    Data and steps are those of `VocoderGAN`; the pairs (wave, wave) of the example's dataset are taken too. Losses:
    `discriminator`; `adversarial` and `feature` and, with the weight of the features, their sum `generator`.

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

    def unpack(self, data):
        if isinstance(data, tuple):
            given, wave = data
            if given.shape != wave.shape:
                raise TfvcError(f"pairs are of one waveform twice, not of {given.shape} and {wave.shape}; give a dict")
            data = {"waveform": wave}
        return super().unpack(data)

    def discriminator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        return {"discriminator": losses.discriminator_loss(real, fake)}

    def generator_losses(self, real, fake) -> dict[str, tf.Tensor]:
        adversarial, feature = losses.adversarial_loss(fake), losses.feature_loss(real, fake)
        total = adversarial + self.config.feature_weight * feature
        return {"generator": total, "adversarial": adversarial, "feature": feature}

    def default_optimizers(self):
        # Keras's epsilon, and each gradient clipped to length 1.
        return tuple(Adam(rate, beta_1=0.5, beta_2=0.9, epsilon=1e-7, clipnorm=1.0) for rate in (1e-5, 1e-6))
