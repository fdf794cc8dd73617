"""What is measured of a recording by itself, once for all that it is compared with."""

import numpy as np

from tfvc.audio import Recording
from tfvc.metrics.f0 import pitch
from tfvc.metrics.mcd import SHIFT, mel_cepstra


def cepstra_of(recording: Recording, sample_rate: int) -> np.ndarray:
    """Its mel-cepstra `[frames, order + 1]` at a rate in Hz."""
    return recording.once(("cepstra", sample_rate), lambda: mel_cepstra(recording.at(sample_rate), sample_rate))


def pitch_of(recording: Recording, sample_rate: int) -> np.ndarray:
    """Its pitch contour `[values]` at a rate in Hz, a value for every hop of the mel-cepstra."""
    return recording.once(("pitch", sample_rate), lambda: pitch(recording.at(sample_rate), sample_rate, SHIFT))
