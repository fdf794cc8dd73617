"""HiFi-GAN (Kong et al. 2020): a mel to a waveform."""

from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.hifigan.discriminator import HiFiGANDiscriminator
from tfvc.models.hifigan.discriminator_config import HiFiGANDiscriminatorConfig
from tfvc.models.hifigan.generator import HiFiGANGenerator
from tfvc.models.hifigan.model import HiFiGAN

__all__ = [
    "HiFiGAN",
    "HiFiGANConfig",
    "HiFiGANDiscriminator",
    "HiFiGANDiscriminatorConfig",
    "HiFiGANGenerator",
]
