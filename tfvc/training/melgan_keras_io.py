"""Training the MelGAN of the keras.io example."""

from dataclasses import dataclass

from tfvc.common.config import LearningRate
from tfvc.models.melgan_keras_io import KerasIOMelGAN, KerasIOMelGANConfig
from tfvc.training.melgan import MelGANTraining, MelGANTrainingConfig


@dataclass(frozen=True)
class KerasIOMelGANTrainingConfig(MelGANTrainingConfig):
    """The settings of the example: see `MelGANTrainingConfig`."""

    generator_learning_rate: LearningRate = 1e-5
    discriminator_learning_rate: LearningRate = 1e-6

    named = {"keras_io": {}}  # noqa: RUF012


@dataclass(frozen=True)
class KerasIOMelGANTraining(MelGANTraining):
    """A run of the example: see `VocoderTraining`."""

    name = "melgan_keras_io"
    gan_class = KerasIOMelGAN
    settings_class = KerasIOMelGANTrainingConfig

    model: KerasIOMelGANConfig
    settings: KerasIOMelGANTrainingConfig
