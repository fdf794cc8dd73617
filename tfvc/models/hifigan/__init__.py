"""HiFi-GAN (Kong et al. 2020): a mel to a waveform."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["HiFiGANConfig"],
        "discriminator": ["HiFiGANDiscriminator"],
        "discriminator_config": ["HiFiGANDiscriminatorConfig"],
        "generator": ["HiFiGANGenerator"],
        "model": ["HiFiGAN"],
    },
)
