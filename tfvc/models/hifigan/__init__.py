"""HiFi-GAN (Kong et al. 2020): a mel to a waveform."""

from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.hifigan.generator import HiFiGANGenerator

__all__ = ["HiFiGANConfig", "HiFiGANGenerator"]
