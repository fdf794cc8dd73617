"""Short-time objective intelligibility."""

import warnings

import numpy as np

from tfvc.metrics.extra import require

RATE = 16000


def stoi(reference: np.ndarray, hypothesis: np.ndarray) -> float:
    """STOI (Taal et al. 2011) of two waveforms `[samples]` at 16 kHz with the same timing; 1: clear as the reference.

    NaN where there are not enough frames of speech for it (0.4 seconds).

    Raises:
        TfvcError: if pystoi is not installed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Not enough STFT frames", category=RuntimeWarning)
        try:
            return float(require("pystoi").stoi(reference, hypothesis, RATE))
        except RuntimeWarning:
            return np.nan
