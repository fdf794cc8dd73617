"""Waveforms in and out, and the mel front-ends between them and the models."""

from tfvc.audio.errors import AudioError
from tfvc.audio.io import read, resample, write
from tfvc.audio.loudness import normalize_volume
from tfvc.audio.mel_spec import MelSpec

__all__ = ["AudioError", "MelSpec", "normalize_volume", "read", "resample", "write"]
