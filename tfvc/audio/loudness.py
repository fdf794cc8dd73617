"""The one place where loudness is touched, and only the speaker encoder asks for it.

Mels for conversion and vocoders are taken from the waveform as it is recorded. The GE2E encoder was trained
on speech brought up to -30 dBFS, so its input, and nothing else, goes through `normalize_volume`.
"""

import numpy as np

SPEAKER_ENCODER_DBFS = -30.0


def normalize_volume(
    wave: np.ndarray, target_dbfs: float = SPEAKER_ENCODER_DBFS, increase_only: bool = True
) -> np.ndarray:
    """The waveform scaled to a root-mean-square level; equals Resemblyzer's `normalize_volume`.

    Args:
        wave: `[samples]`, floating point, full scale at 1.
        target_dbfs: the level, in dB below the mean square of a full-scale square wave.
        increase_only: leave a louder waveform as it is.

    Returns:
        `[samples]` of the same dtype. Silence has no level and stays silence.
    """
    wave = np.asarray(wave)
    level = np.sqrt(np.mean(np.square(wave, dtype=np.float64))) if wave.size else 0.0
    if level == 0.0:
        return wave
    gain = 10.0 ** (target_dbfs / 20.0) / level
    if gain < 1.0 and increase_only:
        return wave
    return (wave * gain).astype(wave.dtype)
