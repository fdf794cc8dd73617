"""From a mel back to a waveform without a trained vocoder.

The phase search is `librosa.griffinlim`'s (the results are equally good), without its ten to twenty seconds of
compilation at the first call.
"""

import numpy as np

from tfvc.audio import filterbank, numpy_path
from tfvc.audio.mel_spec import MelSpec
from tfvc.common.errors import TfvcError

_MOMENTUM = 0.99
_INVERSION_STEPS = 60
_FRAMES_AT_ONCE = 1024
_TINY = 1e-30


def griffin_lim(mel: np.ndarray, spec: MelSpec, iterations: int = 60, seed: int = 0) -> np.ndarray:
    """A waveform whose mel is close to the one given: fast Griffin-Lim (Perraudin et al., 2013).

    The logarithm and scaling of `spec` are undone, the mel filters inverted, and the phases found by going back and
    forth between waveform and spectrum from random ones. The high-pass and the dither of a spec are not undone.
    Takes about 0.05 s and 3 MB of memory per second of sound on one core.

    Args:
        mel: `[frames, n_mels]`, as `spec` describes it.
        spec: the front-end.
        iterations: rounds of phase estimation.
        seed: of the first phases; the same seed gives the same waveform.

    Returns:
        float32 `[frames * hop]`, in step with the waveform that the mel was taken from. Always finite; samples may
        lie somewhat beyond -1..1, because other phases have other peaks.

    Raises:
        TfvcError: the mel does not fit the spec, or holds NaN or infinite values.
    """
    mel = np.asarray(mel)
    if mel.ndim != 2 or mel.shape[1] != spec.n_mels or len(mel) == 0:
        raise TfvcError(f"griffin_lim: expected a mel [frames, {spec.n_mels}], got {list(mel.shape)}")
    if not np.isfinite(mel).all():
        raise TfvcError("griffin_lim: the mel holds NaN or infinite values")
    if iterations < 1:
        raise TfvcError(f"griffin_lim: {iterations} iterations, at least 1 is needed")
    magnitudes = invert_mel(mel, spec)
    # Frames beyond both ends, so that every sample wanted lies under as many windows as those in the middle: what the
    # spec put there, silence or the mirror image.
    extra = -(-spec.n_fft // spec.hop)
    magnitudes = np.pad(magnitudes, ((extra, extra), (0, 0)), mode="constant" if spec.pad_end else "symmetric")
    wave = _find_phases(magnitudes, spec, iterations, seed)
    start = extra * spec.hop + spec.pad
    return wave[start : start + len(mel) * spec.hop] / np.float32(spec.gain)


def invert_mel(mel: np.ndarray, spec: MelSpec) -> np.ndarray:
    """Spectral magnitudes, float32 `[frames, n_fft // 2 + 1]`, that have this mel.

    Non-negative inversion of the filters by expectation maximisation (Richardson and Lucy's), which fits ratios and so
    is right in decibels, quiet bands included. On speech it leaves a smaller error than the clipped pseudo-inverse
    (0.09 against 0.12 for `hifigan_22k` after Griffin-Lim, 0.5 dB against 3.1 dB for `keras_22k`) and
    is thirty times faster than least squares under constraints.
    """
    matrix = filterbank.mel_matrix(spec)
    # A network may ask for anything; no waveform within -1..1 goes beyond this.
    full_scale = filterbank.hann_window(spec).sum() ** spec.power * matrix.sum(axis=0)
    energies = np.clip(numpy_path.expand(mel, spec), 0.0, full_scale).astype(np.float32)
    matrix = matrix.astype(np.float32)
    coverage = np.maximum(matrix.sum(axis=1), _TINY)
    strengths = np.empty((len(mel), len(matrix)), np.float32)
    for start in range(0, len(mel), _FRAMES_AT_ONCE):
        block = energies[start : start + _FRAMES_AT_ONCE]
        estimate = block / matrix.sum(axis=0) @ matrix.T
        for _ in range(_INVERSION_STEPS):
            estimate *= (block / np.maximum(estimate @ matrix, _TINY)) @ matrix.T / coverage
        strengths[start : start + _FRAMES_AT_ONCE] = estimate
    return np.sqrt(strengths) if spec.power == 2 else strengths


def _find_phases(magnitudes: np.ndarray, spec: MelSpec, iterations: int, seed: int) -> np.ndarray:
    import scipy.fft

    window = filterbank.hann_window(spec).astype(np.float32)
    # Where the windows fade out, at the far ends, their sum is no divisor.
    overlap = np.maximum(_overlap_add(np.tile(window**2, (len(magnitudes), 1)), spec.hop), 1e-4)

    def waveform(spectra):
        return _overlap_add(scipy.fft.irfft(spectra, spec.n_fft) * window, spec.hop) / overlap

    turns = np.random.default_rng(seed).random(magnitudes.shape, np.float32)
    phases = np.exp(np.complex64(2j * np.pi) * turns)
    previous = np.zeros_like(phases)
    for _ in range(iterations):
        wave = waveform(magnitudes * phases)
        frames = np.lib.stride_tricks.sliding_window_view(wave, spec.n_fft)[:: spec.hop]
        rebuilt = scipy.fft.rfft(frames * window)
        phases = rebuilt - np.float32(_MOMENTUM / (1 + _MOMENTUM)) * previous
        phases /= np.abs(phases) + np.float32(_TINY)
        previous = rebuilt
    return waveform(magnitudes * phases)


def _overlap_add(frames: np.ndarray, hop: int) -> np.ndarray:
    """Frames `[frames, n]` laid `hop` apart and summed, `[(frames - 1) * hop + n]`."""
    count, length = frames.shape
    pieces = -(-length // hop)
    frames = np.pad(frames, ((0, 0), (0, pieces * hop - length)))
    total = np.zeros((count + pieces - 1, hop), frames.dtype)
    for piece in range(pieces):
        total[piece : piece + count] += frames[:, piece * hop : (piece + 1) * hop]
    return total.reshape(-1)[: (count - 1) * hop + length]
