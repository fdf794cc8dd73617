"""Speaker encoders: a recording to a point on the unit sphere that tells who speaks."""

import lazy_loader

# Imported when asked for: whoever reads the family's record does not wait for TensorFlow.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "config": ["SpeakerEncoderConfig"],
        "model": ["SpeakerEncoder"],
    },
)
