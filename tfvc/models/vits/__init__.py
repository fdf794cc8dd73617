"""VITS (Kim et al. 2021): text to a waveform, and one speaker's voice to another's."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["ConversionConfig", "VITSConfig"],
        "model": ["VITS"],
        "tone_config": ["ToneConverterConfig"],
        "tone_converter": ["ToneConverter"],
    },
)
