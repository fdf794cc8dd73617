"""Training MelGAN."""

from dataclasses import dataclass

from tfvc.models.melgan import MelGAN, MelGANConfig
from tfvc.training.config import VocoderTrainingConfig
from tfvc.training.vocoder import VocoderTraining


@dataclass(frozen=True)
class MelGANTrainingConfig(VocoderTrainingConfig):
    """The settings that go with each architecture of `MelGANConfig`."""

    named = {  # noqa: RUF012
        "descript": {},
        "keras_io": dict(generator_learning_rate=1e-5, discriminator_learning_rate=1e-6),
        "small": dict(generator_learning_rate=2e-4, discriminator_learning_rate=2e-4, final_fraction=0.1),
    }


@dataclass(frozen=True)
class MelGANTraining(VocoderTraining):
    """A run of MelGAN: see `VocoderTraining`."""

    name = "melgan"
    gan_class = MelGAN
    model_class = MelGANConfig
    settings_class = MelGANTrainingConfig

    model: MelGANConfig
    settings: MelGANTrainingConfig
