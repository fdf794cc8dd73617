"""Perceptual evaluation of speech quality."""

import math

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
    scores = []
    for one, other in zip(np.array_split(reference, pieces), np.array_split(hypothesis, pieces), strict=True):
        try:
            scores.append(package.pesq(RATE, one, other, "wb"))
        except package.PesqError:
            scores.append(np.nan)
    return float(np.mean(scores))
