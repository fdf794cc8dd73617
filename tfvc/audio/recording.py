"""A recording and what is measured of it, each thing once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol, Self

import numpy as np

from tfvc.audio import MelInPieces, MelSpec, extract_mel
from tfvc.audio.errors import AudioError
from tfvc.audio.io import read, resample
from tfvc.common.errors import TfvcError


class Embeds(Protocol):
    """A speaker encoder, as far as a recording needs one."""

    def embed_utterance(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """The embedding `[embedding]`, of length 1, of a waveform `[samples]` at a rate in Hz."""


class Recording:
    """A waveform whose resampled forms, mels, contours and embeddings are computed when first asked for, and kept.

    Everything is computed from the waveform at its own rate, so that source and target of a conversion are treated
    alike.

    Args:
        wave: `[samples]`, floating point, mono, full scale 1; kept as float32.
        sample_rate: in Hz.
        name: for messages.

    Raises:
        AudioError: if the waveform has other axes, or integers, whose full scale is not 1.
    """

    def __init__(self, wave: np.ndarray, sample_rate: int, name: str = "recording"):
        wave = np.asarray(wave)
        if wave.ndim != 1 or not np.issubdtype(wave.dtype, np.floating):
            raise AudioError(
                f"{name}: expected floating-point samples [samples] in -1..1, got {wave.dtype} {list(wave.shape)}"
            )
        self.wave, self.sample_rate, self.name = wave.astype(np.float32, copy=False), sample_rate, name
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
        """The waveform at a rate in Hz, float32."""
        return self.once(("wave", sample_rate), lambda: resample(self.wave, self.sample_rate, sample_rate))

    def mel(self, spec: MelSpec) -> np.ndarray:
        """Its mel `[frames, n_mels]`; raises TfvcError, naming the recording, if it is too short to have one."""
        return self.once(("mel", spec), lambda: self._extract(spec))

    def mel_in_pieces(self, spec: MelSpec) -> MelInPieces:
        """The same mel, frames of which are computed when asked for, and not kept."""
        return self._named(lambda: MelInPieces(self.at(spec.sample_rate), spec))

    def embedding(self, encoder: Embeds) -> np.ndarray:
        """Its speaker embedding `[embedding]`, of length 1."""
        # By the encoder itself: its id may be another's once it is gone.
        return self.once(("embedding", encoder), lambda: encoder.embed_utterance(self.wave, self.sample_rate))

    def once(self, key, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """What `compute` gives, computed when the key is first asked for and then kept."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]

    def _extract(self, spec: MelSpec) -> np.ndarray:
        return self._named(lambda: extract_mel(self.at(spec.sample_rate), spec))

    def _named(self, compute: Callable):
        """Errors of what is computed, with the recording's name."""
        try:
            return compute()
        except TfvcError as problem:
            raise TfvcError(f"{self.name}: {problem}") from None
