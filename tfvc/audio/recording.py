"""A recording and what is measured of it, each thing once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np

from tfvc.audio.io import read, resample
from tfvc.audio.mel_spec import MelSpec

if TYPE_CHECKING:
    from tfvc.models.speaker_encoder import SpeakerEncoder


class Recording:
    """A waveform whose resampled forms, mels, contours and embedding are computed when first asked for, and kept.

    Args:
        wave: `[samples]`, mono, full scale 1.
        sample_rate: in Hz.
        name: for messages.
    """

    def __init__(self, wave: np.ndarray, sample_rate: int, name: str = "recording"):
        self.wave, self.sample_rate, self.name = wave, sample_rate, name
        self._known: dict = {}

    @classmethod
    def read(cls, path: str | os.PathLike) -> Self:
        """Reads a sound file; raises AudioError if it cannot be used."""
        return cls(*read(path), name=os.fspath(path))

    @property
    def seconds(self) -> float:
        return len(self.wave) / self.sample_rate

    def halves(self) -> tuple[Recording, Recording]:
        """The first and the second half."""
        middle = len(self.wave) // 2
        first, second = self.wave[:middle], self.wave[middle:]
        return Recording(first, self.sample_rate, self.name), Recording(second, self.sample_rate, self.name)

    def at(self, sample_rate: int) -> np.ndarray:
        """The waveform at a rate in Hz."""
        return self.once(("wave", sample_rate), lambda: resample(self.wave, self.sample_rate, sample_rate))

    def mel(self, spec: MelSpec) -> np.ndarray:
        """Its mel `[frames, n_mels]`."""
        return self.once(spec, lambda: spec.extract(self.at(spec.sample_rate)))

    def embedding(self, encoder: SpeakerEncoder) -> np.ndarray:
        """Its speaker embedding, of length 1."""
        return self.once(("embedding", id(encoder)), lambda: encoder.embed_utterance(self.wave, self.sample_rate))

    def once(self, key, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """What `compute` gives, computed when the key is first asked for and then kept."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]
