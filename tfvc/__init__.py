"""Voice conversion in Keras, provably equal to PyTorch.

vc = tfvc.VoiceConverter.from_preset("autovc_small")
wave, sample_rate = vc.convert("source.wav", ["target.wav"])
"""

import lazy_loader

__version__ = "0.1.0"

# Imported when asked for: the command line answers `--help` without waiting for TensorFlow; so does `import tfvc`.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "models.autovc": ["AutoVC", "AutoVCConfig"],
        "audio": ["MelSpec"],
        "models.speaker_encoder": ["SpeakerEncoder", "SpeakerEncoderConfig"],
        "common.errors": ["TfvcError"],
        "voices.converter": ["VoiceConverter"],
    },
)
