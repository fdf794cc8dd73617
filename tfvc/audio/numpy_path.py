"""Waveform to mel in NumPy, float64 throughout: what the graph path is held to."""

from __future__ import annotations

import numpy as np

from tfvc.audio import filterbank
from tfvc.audio.mel_spec import MelSpec
from tfvc.common.errors import TfvcError

# Frames overlap fourfold, so spectra of an hour would take gigabytes at once.
_FRAMES_AT_ONCE = 1024
_LARGEST_EXPONENT = {"none": np.inf, "ln": 200.0, "log10": 100.0}


def extract_mel(wave: np.ndarray, spec: MelSpec) -> np.ndarray:
    """The mel of a waveform, computed in float64.

    Args:
        wave: `[samples]`, floating point, at `spec.sample_rate`.
        spec: the front-end.

    Returns:
        float32 `[spec.frames(samples), n_mels]`.

    Raises:
        TfvcError: not one-dimensional, not floating point, NaN or infinite, or too short.
    """
    return extract(_checked(wave, spec), spec).astype(np.float32)


class MelInPieces:
    """The mel of a long waveform, of which only the frames that are asked for are in memory.

    Args:
        wave: `[samples]`, floating point, at `spec.sample_rate`.
        spec: a front-end without a dynamic range, which would be relative to the loudest of all frames.

    Raises:
        TfvcError: as `extract_mel`, and if the front-end has a dynamic range.
    """

    def __init__(self, wave: np.ndarray, spec: MelSpec):
        if spec.dynamic_range is not None:
            raise TfvcError("mel: with a dynamic range, no frame is known before all of them are")
        wave = _checked(wave, spec)
        self._spec, self._frames = spec, spec.frames(len(wave))
        self._padded = pad(prefilter(wave, spec), spec)

    def __len__(self) -> int:
        return self._frames

    def frames(self, first: int, last: int) -> np.ndarray:
        """From a first frame to a last, which does not count, as `extract_mel` has them: `[last - first, n_mels]`."""
        spec = self._spec
        piece = self._padded[first * spec.hop : (last - 1) * spec.hop + spec.n_fft].astype(np.float64)
        return compress(mel_energies(piece, spec), spec).astype(np.float32)


def _checked(wave: np.ndarray, spec: MelSpec) -> np.ndarray:
    wave = np.asarray(wave)
    if wave.ndim != 1 or not np.issubdtype(wave.dtype, np.floating):
        raise TfvcError(f"mel: expected floating-point samples [samples], got {wave.dtype} {list(wave.shape)}")
    spec.frames(len(wave))
    if not np.isfinite(wave).all():
        raise TfvcError("mel: the waveform holds NaN or infinite samples")
    return wave


def extract(wave: np.ndarray, spec: MelSpec) -> np.ndarray:
    """The mel of a waveform `[samples]` as float64 `[frames, n_mels]`, stage by stage as `spec` says."""
    wave = pad(prefilter(np.asarray(wave, np.float64), spec), spec)
    return compress(mel_energies(wave, spec), spec)


def prefilter(wave: np.ndarray, spec: MelSpec) -> np.ndarray:
    """High-pass without phase shift, gain, dither."""
    if spec.highpass_hz:
        import scipy.signal

        edge = spec.highpass_edge
        wave = scipy.signal.sosfiltfilt(filterbank.highpass(spec), wave, padlen=edge)
    if spec.gain != 1.0:
        wave = wave * spec.gain
    if spec.dither:
        wave = wave + filterbank.dither(spec, len(wave))
    return wave


def pad(wave: np.ndarray, spec: MelSpec) -> np.ndarray:
    """Mirrored samples at both ends, then zeros until the last frame is whole."""
    frames = spec.frames(len(wave))
    wave = np.pad(wave, spec.pad, mode="reflect")
    needed = (frames - 1) * spec.hop + spec.n_fft
    return np.pad(wave, (0, max(0, needed - len(wave))))


def mel_energies(padded: np.ndarray, spec: MelSpec) -> np.ndarray:
    """Mel-filtered magnitudes or powers `[frames, n_mels]` of a padded waveform, before any logarithm."""
    window, matrix = filterbank.hann_window(spec), filterbank.mel_matrix(spec)
    frames = np.lib.stride_tricks.sliding_window_view(padded, spec.n_fft)[:: spec.hop]
    energies = np.empty((len(frames), spec.n_mels))
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * window)
        power = spectrum.real**2 + spectrum.imag**2 + spec.power_epsilon
        strength = power if spec.power == 2 else np.sqrt(power)
        energies[start : start + _FRAMES_AT_ONCE] = strength @ matrix if spec.has_filters else strength
    return energies


def compress(energies: np.ndarray, spec: MelSpec) -> np.ndarray:
    """Floor, logarithm, scale and offset, dynamic range, clip."""
    logarithm = {"none": np.positive, "ln": np.log, "log10": np.log10}[spec.log]
    mel = spec.scale * logarithm(np.maximum(energies, spec.floor)) + spec.offset
    if spec.dynamic_range is not None:
        mel = np.maximum(mel, mel.max() - spec.dynamic_range)
    if spec.clip:
        mel = np.clip(mel, *spec.clip)
    return mel


def expand(mel: np.ndarray, spec: MelSpec) -> np.ndarray:
    """What `compress` was given, as far as floor, dynamic range and clip left it; float64."""
    power = {"none": np.positive, "ln": np.exp, "log10": lambda exponent: 10.0**exponent}[spec.log]
    # Beyond e^200 a float64 could overflow; no sound comes near.
    return power(np.minimum((np.asarray(mel, np.float64) - spec.offset) / spec.scale, _LARGEST_EXPONENT[spec.log]))
