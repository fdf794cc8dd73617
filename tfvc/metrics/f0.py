"""Pitch contours and how two of them differ."""

from dataclasses import dataclass

import numpy as np

from tfvc.metrics.extra import require

_LOWEST, _HIGHEST = 40.0, 800.0  # Hz; the range of ParallelWaveGAN's `evaluate_f0`
_LEAST_VOICED = 10


@dataclass(frozen=True)
class PitchErrors:
    """What differs between two pitch contours.

    Attributes:
        rmse_cents: root of the mean squared difference where both are voiced, in cents; NaN under 10 such frames.
        correlation: Pearson's, of the logarithms there; NaN under 10 such frames or where one does not move.
        voicing_error: share of the frames of which one is voiced and the other is not.
    """

    rmse_cents: float
    correlation: float
    voicing_error: float


def pitch(wave: np.ndarray, sample_rate: int, shift: int) -> np.ndarray:
    """The pitch contour of WORLD's Harvest, 40 to 800 Hz.

    Args:
        wave: `[samples]`.
        sample_rate: in Hz.
        shift: samples from one value to the next; the first is that of sample 0.

    Returns:
        float64 `[samples // shift + 1]`, in Hz, 0 where there is no voice.

    Raises:
        TfvcError: if pyworld is not installed.
    """
    world = require("pyworld")
    contour, _ = world.harvest(
        np.asarray(wave, np.float64),
        sample_rate,
        f0_floor=_LOWEST,
        f0_ceil=_HIGHEST,
        frame_period=1000.0 * shift / sample_rate,
    )
    return contour


def pitch_errors(reference: np.ndarray, hypothesis: np.ndarray) -> PitchErrors:
    """Compares contours `[frames]` in Hz, frame by frame; 0 is unvoiced."""
    voiced, also_voiced = reference > 0, hypothesis > 0
    both = voiced & also_voiced
    voicing_error = float(np.mean(voiced != also_voiced))
    if both.sum() < _LEAST_VOICED:
        return PitchErrors(np.nan, np.nan, voicing_error)
    one, other = 1200.0 * np.log2(reference[both]), 1200.0 * np.log2(hypothesis[both])
    moving = min(one.std(), other.std()) > 1e-6
    correlation = float(np.corrcoef(one, other)[0, 1]) if moving else np.nan
    return PitchErrors(float(np.sqrt(np.mean(np.square(one - other)))), correlation, voicing_error)
