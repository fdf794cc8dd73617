"""Mel-cepstral distortion: how far apart two spectral envelopes are, in dB."""

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.metrics.extra import require

FRAME, SHIFT = 1024, 256
# Sample rate in Hz -> order of the mel-cepstrum, constant of the all-pass filter that bends frequency to mel.
_ANALYSES = {16000: (23, 0.42), 22050: (34, 0.45), 24000: (34, 0.46), 44100: (39, 0.53), 48000: (39, 0.55)}


def analysis_rate(*sample_rates: int) -> int:
    """The rate in Hz at which recordings of these rates are compared: the highest that has figures and that none lacks.

    Raises:
        TfvcError: if one has less than 16 kHz.
    """
    rates = [rate for rate in _ANALYSES if rate <= min(sample_rates)]
    if not rates:
        raise TfvcError(
            f"mel-cepstra are taken at {min(_ANALYSES)} Hz and more, a recording has {min(sample_rates)} Hz; "
            "take recordings of a higher rate"
        )
    return max(rates)


def mel_cepstra(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """Mel-cepstra as ParallelWaveGAN's `evaluate_mcd` takes them: of SPTK, 1024 samples under a Hamming window
    of power 1.

    Args:
        wave: `[samples]`, full scale 1.
        sample_rate: one of those that `analysis_rate` gives.

    Returns:
        float64 `[frames, order + 1]`, a frame every 256 samples, none beyond the ends; c0, the energy, first.

    Raises:
        TfvcError: if the recording is shorter than a frame, or pysptk is not installed.
    """
    if len(wave) < FRAME:
        raise TfvcError(f"a recording of {len(wave)} samples is too short for a mel-cepstrum, which needs {FRAME}")
    sptk = require("pysptk")
    order, alpha = _ANALYSES[sample_rate]
    # On the scale of 16-bit integers, for which the floor of 1e-6 under the periodogram is meant.
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(wave, np.float64) * 32768.0, FRAME)[::SHIFT]
    return sptk.mcep(frames * sptk.hamming(FRAME), order, alpha, eps=1e-6, etype=1)


def mel_cepstral_distortion(reference: np.ndarray, hypothesis: np.ndarray) -> float:
    """The mean over frames of 10 / ln 10 * sqrt(2 * sum of squared differences), in dB.

    Args:
        reference, hypothesis: aligned mel-cepstra `[frames, coefficients]`.
    """
    squares = np.square(reference - hypothesis).sum(axis=1)
    return float(np.mean(10.0 / np.log(10.0) * np.sqrt(2.0 * squares)))
