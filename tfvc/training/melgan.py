"""Training MelGAN."""

from dataclasses import dataclass

import keras

from tfvc.models.melgan import MelGAN, MelGANConfig, MelGANDiscriminator, MelGANGenerator
from tfvc.training.config import VocoderTrainingConfig, require
from tfvc.training.vocoder import VocoderTraining


@dataclass(frozen=True)
class MelGANTrainingConfig(VocoderTrainingConfig):
    """The settings that go with each architecture of `MelGANConfig`.

    Attributes:
        final_fraction: along a cosine over the run, both learning rates fall to this part of themselves; 1 keeps them
            constant.
    """

    final_fraction: float = 1.0

    named = {  # noqa: RUF012
        "descript": {},
        "keras_io": dict(generator_learning_rate=1e-5, discriminator_learning_rate=1e-6),
        "small": dict(generator_learning_rate=2e-4, discriminator_learning_rate=2e-4, final_fraction=0.1),
    }

    def __post_init__(self):
        super().__post_init__()
        require(0 <= self.final_fraction <= 1, self, "final_fraction", "between 0 and 1")


@dataclass(frozen=True)
class MelGANTraining(VocoderTraining):
    """A run of MelGAN: see `VocoderTraining`."""

    name = "melgan"
    default_preset = "small"
    generator_class = MelGANGenerator
    discriminator_class = MelGANDiscriminator
    settings_class = MelGANTrainingConfig

    model: MelGANConfig
    settings: MelGANTrainingConfig

    def fresh_gan(self, spec):
        return MelGAN.fresh(self.model, spec, dtype=self.policy())

    def schedule(self, learning_rate, steps, corpus):
        if self.settings.final_fraction == 1:
            return learning_rate
        return keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=self.settings.final_fraction)
