"""What can be wrong with a recording, told without a reference."""

import os

import numpy as np
from scipy.signal import stft

from tfvc.audio import AudioError, read

SILENT_DBFS = -60.0
_FULL_SCALE = 32766 / 32768
_FLAT = 3  # samples in a row at full scale: one alone is a peak that fits exactly
_LARGEST_OFFSET = 0.01
_MAINS_HZ = (50, 60)
_HUM_DB = 20.0
_HUM_DBFS = -50.0


def find_defects(wave: np.ndarray, sample_rate: int) -> list[str]:
    """The defects of a waveform, each as its name and its measure; empty if there are none.

    nan: any sample that is NaN or infinite, after which nothing else is looked for. silence: a level below -60 dBFS.
    clipping: three samples or more in a row at full scale. dc: a mean beyond 1 % of full scale. hum: a line at 50 or
    60 Hz, there all the time, 20 dB above what surrounds it and above -50 dBFS; looked for in a second and more.

    Args:
        wave: `[samples]`, full scale 1.
        sample_rate: in Hz.
    """
    wave = np.asarray(wave, np.float64)
    if bad := int((~np.isfinite(wave)).sum()):
        return [f"nan: {bad} samples are NaN or infinite"]
    offset = wave.mean()
    level = _dbfs(np.mean(np.square(wave - offset)))
    findings = []
    if level < SILENT_DBFS:
        findings.append(f"silence: the level is {level:.0f} dBFS")
    if clipped := _flat_samples(np.abs(wave) >= _FULL_SCALE):
        findings.append(f"clipping: {clipped} samples at full scale")
    if abs(offset) > _LARGEST_OFFSET:
        findings.append(f"dc: the mean is {offset:.3f}")
    findings += [f"hum: {excess:.0f} dB at {line} Hz" for line, excess in _hum(wave - offset, sample_rate)]
    return findings


def find_defects_in_file(path: str | os.PathLike) -> list[str]:
    """The defects of a sound file; a file that cannot be read has one, `unreadable`, with the reason."""
    try:
        return find_defects(*read(path))
    except AudioError as problem:
        return [f"unreadable: {problem}"]


def _dbfs(power: float) -> float:
    return float(10.0 * np.log10(max(power, 1e-20)))


def _flat_samples(at_full_scale: np.ndarray) -> int:
    """How many samples stand in runs of `_FLAT` or more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], at_full_scale, [0]])))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= _FLAT].sum())


def _hum(wave: np.ndarray, sample_rate: int) -> list[tuple[int, float]]:
    """The mains lines in a waveform: (Hz, dB above the surroundings)."""
    if len(wave) < sample_rate:
        return []
    # One second a window, so that a bin is a Hz; of all windows the lower quartile, which is what a voice leaves alone.
    _, _, spectra = stft(wave, sample_rate, nperseg=sample_rate, noverlap=sample_rate // 2, boundary=None)
    power = np.quantile(np.square(np.abs(spectra[:100])), 0.25, axis=1)
    found = []
    for line in _MAINS_HZ:
        around = np.r_[power[line - 8 : line - 2], power[line + 3 : line + 9]]
        strength = power[line - 1 : line + 2].max()
        excess = 10.0 * np.log10(max(strength, 1e-20) / max(np.median(around), 1e-20))
        if excess > _HUM_DB and _dbfs(2.0 * strength) > _HUM_DBFS:
            found.append((line, excess))
    return found
