"""The constants of a mel front-end, as float64 NumPy arrays: window, mel matrix, high-pass filter, dither."""

from __future__ import annotations

import functools

import numpy as np

from tfvc.audio.mel_spec import MelSpec

# Dither is the generator's first 2**20 draws (65 s at 16 kHz), over and over, so that a graph can carry it.
DITHER_PERIOD = 1 << 20


def hann_window(spec: MelSpec) -> np.ndarray:
    """The periodic Hann window of `win` samples in the middle of `[n_fft]`, as in librosa and torch."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(spec.win) / spec.win)
    left = (spec.n_fft - spec.win) // 2
    return np.pad(window, (left, spec.n_fft - spec.win - left))


@functools.lru_cache(maxsize=16)
def mel_matrix(spec: MelSpec) -> np.ndarray:
    """Triangular mel filters, `[n_fft // 2 + 1, n_mels]`.

    Triangles that are straight over hertz are `librosa.filters.mel`'s. Those straight over mels, of
    height 1, are `tf.signal.linear_to_mel_weight_matrix`'s; its zeroed DC bin follows of itself, DC lies on
    no rising edge. Without filters it is the identity.
    """
    import librosa

    htk = spec.mel_scale == "htk"
    if not spec.has_filters:
        matrix = np.eye(spec.n_mels)
    elif spec.mel_slopes == "hertz":
        norm = "slaney" if spec.mel_norm == "slaney" else None
        matrix = librosa.filters.mel(
            sr=spec.sample_rate,
            n_fft=spec.n_fft,
            n_mels=spec.n_mels,
            fmin=spec.fmin,
            fmax=spec.fmax,
            htk=htk,
            norm=norm,
            dtype=np.float64,
        ).T
    else:
        bins = librosa.hz_to_mel(np.linspace(0.0, spec.sample_rate / 2, spec.n_fft // 2 + 1), htk=htk)[:, None]
        low, high = librosa.hz_to_mel([spec.fmin, spec.fmax], htk=htk)
        edges = np.linspace(low, high, spec.n_mels + 2)
        rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
        matrix = np.maximum(0.0, np.minimum(rising, falling))
    matrix = np.ascontiguousarray(matrix)
    matrix.flags.writeable = False
    return matrix


def highpass(spec: MelSpec) -> np.ndarray:
    """The Butterworth high-pass as second-order sections, `scipy.signal`'s `sos`.

    Upstream's (b, a) form is the same filter worse conditioned: its poles next to 1 cost it nine of the sixteen
    digits (2e-7 of full scale on speech, 3e-8 in the mel).
    """
    import scipy.signal

    return scipy.signal.butter(
        spec.highpass_order, spec.highpass_hz, btype="highpass", fs=spec.sample_rate, output="sos"
    )


def highpass_impulse_response(spec: MelSpec) -> np.ndarray:
    """The high-pass's response to a unit impulse, down to where float64 no longer sees it."""
    import scipy.signal

    sections = highpass(spec)
    _, poles, _ = scipy.signal.sos2zpk(sections)
    samples = int(np.ceil(np.log(1e-18) / np.log(np.abs(poles[poles != 0]).max())))
    return scipy.signal.sosfilt(sections, np.eye(1, samples)[0])


@functools.lru_cache(maxsize=4)
def _dither_table(amplitude: float, seed: int) -> np.ndarray:
    # The legacy generator, because the published recipe draws from it.
    table = (np.random.RandomState(seed).rand(DITHER_PERIOD) - 0.5) * amplitude
    table.flags.writeable = False
    return table


def dither(spec: MelSpec, samples: int) -> np.ndarray:
    """The noise that is added to a waveform of so many samples, `[samples]`: uniform, `spec.dither` wide."""
    return np.resize(_dither_table(spec.dither, spec.dither_seed), samples)
