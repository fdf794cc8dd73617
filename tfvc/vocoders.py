"""Vocoders: a log-mel `[frames, n_mels]` to a waveform."""

from typing import Protocol

import numpy as np

from tfvc.audio import MelSpec, griffin_lim
from tfvc.errors import TfvcError


class Vocoder(Protocol):
    """What the converter asks of a vocoder.

    Attributes:
        mel_spec: the mels it takes.
    """

    mel_spec: MelSpec

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """The waveform, float32 `[frames * hop]`, of a mel `[frames, n_mels]`."""


class GriffinLim:
    """The vocoder that needs no training and takes the mels of any spec.

    Args:
        mel_spec: the mels it takes.
        iterations: of the phase search.
    """

    def __init__(self, mel_spec: MelSpec, iterations: int = 60):
        self.mel_spec = mel_spec
        self.iterations = iterations

    def vocode(self, mel: np.ndarray) -> np.ndarray:
        """The waveform, float32 `[frames * hop]`, of a mel `[frames, n_mels]`; the same mel gives the same samples."""
        return griffin_lim(mel, self.mel_spec, iterations=self.iterations, seed=0)


def load_vocoder(name: str, mel_spec: MelSpec) -> Vocoder:
    """The vocoder of that name for mels of `mel_spec`.

    Raises:
        TfvcError: if there is no such vocoder.
    """
    if name == "griffin-lim":
        return GriffinLim(mel_spec)
    raise TfvcError(f"{name}: no such vocoder; there is: griffin-lim")


def check_same_mels(model: str, mel_spec: MelSpec, vocoder: Vocoder) -> None:
    """Refuses a model and a vocoder that do not mean the same by a mel: what comes out would be noise.

    Raises:
        TfvcError: naming the fields that differ.
    """
    if differences := mel_spec.differences(vocoder.mel_spec):
        raise TfvcError(
            f"{model} and the vocoder take different mels ({'; '.join(differences)}); choose ones that agree"
        )
