"""Training MelGAN."""

from dataclasses import dataclass

import keras

from tfvc.common.config import Share
from tfvc.models.melgan import MelGAN, MelGANConfig
from tfvc.training.config import VocoderTrainingConfig
from tfvc.training.vocoder import VocoderTraining


@dataclass(frozen=True)
class MelGANTrainingConfig(VocoderTrainingConfig):
    """The settings that go with each architecture of `MelGANConfig`.

    Attributes:
        final_fraction: along a cosine over the run, both learning rates fall to this part of themselves; 1 keeps them
            constant.
    """

    final_fraction: Share = 1.0

    named = {  # noqa: RUF012
        "descript": {},
        "small": dict(generator_learning_rate=2e-4, discriminator_learning_rate=2e-4, final_fraction=0.1),
    }


@dataclass(frozen=True)
class MelGANTraining(VocoderTraining):
    """A run of MelGAN: see `VocoderTraining`."""

    name = "melgan"
    gan_class = MelGAN
    settings_class = MelGANTrainingConfig

    model: MelGANConfig
    settings: MelGANTrainingConfig

    def schedule(self, learning_rate, steps, corpus):
        if self.settings.final_fraction == 1:
            return learning_rate
        return keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=self.settings.final_fraction)
