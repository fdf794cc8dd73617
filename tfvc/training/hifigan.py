"""Training HiFi-GAN."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le

from tfvc.common.config import LearningRate, Scales, Sizes
from tfvc.models.hifigan import HiFiGAN, HiFiGANConfig, HiFiGANDiscriminator, HiFiGANDiscriminatorConfig
from tfvc.optimizers.adam import ExponentialByEpoch
from tfvc.training.config import Gain, VocoderTrainingConfig
from tfvc.training.vocoder import VocoderTraining

# Trained weights do not survive the first steps of Adam at the rate for fresh ones: a V3's mel error rose threefold.
# Where both networks are trained, this is what upstream's own rate has fallen to after 3,000 epochs, the length of its
# published trainings. Beside fresh discriminators the generator waits for them to learn, or its error still rises.
FINE_TUNING_RATE = 1e-5
RATE_BESIDE_FRESH = 2e-6


@dataclass(frozen=True)
class HiFiGANTrainingConfig(VocoderTrainingConfig):
    """The settings of upstream, which are the same for all its generators.

    Trained networks go on more slowly, see `FINE_TUNING_RATE`. Upstream brings every recording to one peak before it
    trains, and leaves them as they are for fine-tuning; here they are always as they are, unless `gain_min` and
    `gain_max` say otherwise.

    Attributes:
        epoch_decay: both learning rates are multiplied by this after each epoch, which is as many steps as whole
            batches fit into the recordings.
        periods, period_widths, scales, scale_widths: sizes of the discriminators, see `HiFiGANDiscriminatorConfig`.
    """

    generator_learning_rate: LearningRate = 2e-4
    discriminator_learning_rate: LearningRate = 2e-4
    gain_min: Gain = 1.0
    gain_max: Gain = 1.0
    epoch_decay: Annotated[float, Gt(0), Le(1)] = 0.999
    periods: Sizes = HiFiGANDiscriminatorConfig.periods
    period_widths: Sizes = HiFiGANDiscriminatorConfig.period_widths
    scales: Scales = HiFiGANDiscriminatorConfig.scales
    scale_widths: Sizes = HiFiGANDiscriminatorConfig.scale_widths

    named = {name: {} for name in HiFiGANConfig.named}  # noqa: RUF012

    def __post_init__(self):
        super().__post_init__()
        _ = self.discriminator  # refuses impossible sizes

    @property
    def discriminator(self) -> HiFiGANDiscriminatorConfig:
        """The sizes of the discriminators."""
        names = [field.name for field in dataclasses.fields(HiFiGANDiscriminatorConfig)]
        return HiFiGANDiscriminatorConfig(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True)
class HiFiGANTraining(VocoderTraining):
    """A run of HiFi-GAN: see `VocoderTraining`."""

    name = "hifigan"
    gan_class = HiFiGAN
    settings_class = HiFiGANTrainingConfig

    model: HiFiGANConfig
    settings: HiFiGANTrainingConfig

    @classmethod
    def settings_from(cls, start):
        if start.discriminator is None:
            return cls.settings_class(generator_learning_rate=RATE_BESIDE_FRESH)
        sizes = HiFiGANDiscriminator.read_preset(start.discriminator).config
        return cls.settings_class(
            generator_learning_rate=FINE_TUNING_RATE, discriminator_learning_rate=FINE_TUNING_RATE, **sizes.to_dict()
        )

    def fresh_gan(self, spec):
        return HiFiGAN.fresh(self.model, spec, self.settings.discriminator, dtype=self.policy())

    def schedule(self, learning_rate, steps, corpus):
        steps_in_epoch = max(len(corpus.utterances) // self.batch_size, 1)
        return ExponentialByEpoch(learning_rate, steps_in_epoch, self.settings.epoch_decay)
