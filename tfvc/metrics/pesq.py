"""Perceptual evaluation of speech quality."""

import math
from types import ModuleType

import numpy as np

from tfvc.metrics.extra import require

RATE = 16000
_LONGEST_SECONDS = 30


def pesq_wideband(reference: np.ndarray, hypothesis: np.ndarray) -> float:
    """Wide-band PESQ (ITU-T P.862.2), 1.0 to 4.6, of two waveforms `[samples]` at 16 kHz with the same timing.

    Recordings over 30 s, for which it was not made, are measured in equal pieces, and the mean is taken. NaN where it
    finds no speech.

    Raises:
        TfvcError: if the package pesq is not installed.
    """
    package = require("pesq")
    pieces = math.ceil(len(reference) / (_LONGEST_SECONDS * RATE))
    both = zip(np.array_split(reference, pieces), np.array_split(hypothesis, pieces), strict=True)
    return float(np.mean([_score(package, one, other) for one, other in both]))


def _score(package: ModuleType, reference: np.ndarray, hypothesis: np.ndarray) -> float:
    if not hypothesis.any():  # the package divides by its level
        return np.nan
    try:
        return package.pesq(RATE, reference, hypothesis, "wb")
    except package.PesqError:
        return np.nan
