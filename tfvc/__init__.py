"""Voice conversion in Keras, provably equal to PyTorch.

vc = tfvc.VoiceConverter.from_preset("autovc_small")
wave, sample_rate = vc.convert("source.wav", ["target.wav"])
"""

__version__ = "0.1.0"
__all__ = ["AutoVC", "AutoVCConfig", "MelSpec", "SpeakerEncoder", "SpeakerEncoderConfig", "TfvcError", "VoiceConverter"]

# Public name -> the module that defines it, imported when it is first asked for.
_HOMES = {
    "AutoVC": "tfvc.models.autovc",
    "AutoVCConfig": "tfvc.models.autovc",
    "MelSpec": "tfvc.audio",
    "SpeakerEncoder": "tfvc.models.speaker_encoder",
    "SpeakerEncoderConfig": "tfvc.models.speaker_encoder",
    "TfvcError": "tfvc.common.errors",
    "VoiceConverter": "tfvc.voices.converter",
}


def __getattr__(name: str):
    # The command line answers `--help` without waiting for TensorFlow; so does `import tfvc`.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
