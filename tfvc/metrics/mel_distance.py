"""Distance of two mels."""

import numpy as np


def mel_l1(reference: np.ndarray, hypothesis: np.ndarray) -> float:
    """The mean absolute difference of two aligned mels `[frames, n_mels]`, in the unit of their spec."""
    return float(np.mean(np.abs(np.asarray(reference, np.float64) - np.asarray(hypothesis, np.float64))))
