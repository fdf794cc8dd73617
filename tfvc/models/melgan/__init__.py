"""MelGAN (Kumar et al. 2019): a mel to a waveform."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["MelGANConfig"],
        "discriminator": ["MelGANDiscriminator"],
        "generator": ["MelGANGenerator"],
        "model": ["MelGAN"],
    },
)
