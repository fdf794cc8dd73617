"""MelGAN as the keras.io example has it, without its addons: a mel to a waveform."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["KerasIOMelGANConfig"],
        "discriminator": ["KerasIOMelGANDiscriminator"],
        "generator": ["KerasIOMelGANGenerator"],
        "model": ["KerasIOMelGAN"],
    },
)
