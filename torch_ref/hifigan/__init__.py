"""HiFi-GAN as in jik876/hifi-gan, with its state-dict keys.

Mels are [batch, n_mels, frames] and waves [batch, 1, samples], torch's own layout. A discriminator gives one list
per period or scale, and each list holds its feature maps and, last, its score.
"""

from .discriminators import (
    MultiPeriodDiscriminator,
    MultiScaleDiscriminator,
    PeriodDiscriminator,
    ScaleDiscriminator,
)
from .generator import CONFIGS, Generator, ResBlock1, ResBlock2
from .model import HiFiGAN, adversarial_loss, discriminator_loss, feature_loss, mel_spectrogram

__all__ = [
    "CONFIGS",
    "Generator",
    "HiFiGAN",
    "MultiPeriodDiscriminator",
    "MultiScaleDiscriminator",
    "PeriodDiscriminator",
    "ResBlock1",
    "ResBlock2",
    "ScaleDiscriminator",
    "adversarial_loss",
    "discriminator_loss",
    "feature_loss",
    "mel_spectrogram",
]
