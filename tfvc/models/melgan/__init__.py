"""MelGAN (Kumar et al. 2019): a mel to a waveform."""

from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.discriminator import MelGANDiscriminator
from tfvc.models.melgan.generator import MelGANGenerator
from tfvc.models.melgan.model import MelGAN

__all__ = ["MelGAN", "MelGANConfig", "MelGANDiscriminator", "MelGANGenerator"]
