"""Waveforms in and out, and the mel front-ends between them and the models."""

from tfvc.audio.errors import AudioError
from tfvc.audio.griffinlim import griffin_lim
from tfvc.audio.io import read, resample, write
from tfvc.audio.loudness import normalize_volume
from tfvc.audio.mel_spec import MelSpec
from tfvc.audio.recording import Recording

__all__ = [
    "AudioError",
    "MelExtractor",
    "MelSpec",
    "Recording",
    "griffin_lim",
    "normalize_volume",
    "read",
    "resample",
    "write",
]


def __getattr__(name: str):
    # The only part that needs TensorFlow, which takes seconds to import.
    if name == "MelExtractor":
        from tfvc.audio.mel_extractor import MelExtractor

        return MelExtractor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
