import dataclasses

import numpy as np
import pytest

from tfvc.audio import extract_mel, filterbank, griffin_lim, griffinlim, named_spec, numpy_path, read
from tfvc.audio.griffinlim import _overlap_add, invert_mel
from tfvc.common.errors import TfvcError
from tfvc.testing import assert_equal_in_float64

NAMES = ["hifigan_22k", "melgan_22k", "autovc_16k", "keras_22k", "ge2e_16k", "vits_22k"]
# Mean absolute error of the mel of the result, in the spec's own units, on speech; a third above the worst measured.
LARGEST_ERROR = {
    "hifigan_22k": 0.14,
    "melgan_22k": 0.06,
    "autovc_16k": 0.015,
    "keras_22k": 0.95,
    "ge2e_16k": 0.015,
    "vits_22k": 0.024,
}


@pytest.fixture(params=NAMES)
def spec(request):
    return named_spec(request.param)


def envelope(wave):
    return np.convolve(np.square(wave, dtype=np.float64), np.hanning(201), "same") ** 0.25


def lag(source, result, reach=300):
    """By how many samples the result comes late, from the cross-correlation of the envelopes."""
    ours, theirs = (envelope(wave) - envelope(wave).mean() for wave in (result, source))
    middle = slice(reach, len(ours) - reach)
    scores = [np.dot(np.roll(ours, -shift)[middle], theirs[middle]) for shift in range(-reach, reach + 1)]
    return int(np.argmax(scores)) - reach


def check_copy(wave, spec):
    mel = extract_mel(wave, spec)
    result = griffin_lim(mel, spec)
    assert (result.dtype, result.shape) == (np.float32, (len(mel) * spec.hop,))
    shared = min(len(wave), len(result))
    again = extract_mel(result[:shared], spec)
    shared_frames = min(len(again), len(mel))
    error = np.abs(again[:shared_frames] - mel[:shared_frames]).mean()
    delay = lag(wave[:shared], result[:shared])
    return error, delay, np.std(result) / np.std(wave)


@pytest.mark.parametrize("samples", [20_000, 20_481])
def test_copy_of_a_synthetic_voice(spec, samples, speech_like):
    wave = speech_like(samples, spec.sample_rate, 5)
    error, delay, level = check_copy(wave, spec)
    assert abs(delay) <= spec.hop // 4
    assert error < 2 * LARGEST_ERROR[spec_name(spec)]
    assert 0.85 < level < 1.15


def test_the_gain_of_a_spec_is_undone(speech_like):
    wave = speech_like(9000, 16000, 8)
    _, _, level = check_copy(wave, dataclasses.replace(named_spec("autovc_16k"), gain=0.5))
    assert 0.85 < level < 1.15


def test_momentum_finds_better_phases(speech_like, monkeypatch):
    spec = named_spec("hifigan_22k")
    wave = speech_like(12_000, 22050, 9)
    with_momentum, _, _ = check_copy(wave, spec)
    monkeypatch.setattr(griffinlim, "_MOMENTUM", 0.0)
    without, _, _ = check_copy(wave, spec)
    assert with_momentum < 0.96 * without


def spec_name(spec):
    return next(name for name in NAMES if named_spec(name) == spec)


@pytest.mark.parametrize("place", [0.3, 0.55])
def test_a_click_stays_where_it_is(spec, place):
    wave = 1e-4 * np.random.default_rng(0).standard_normal(12_000)
    at = int(place * len(wave))
    wave[at - 8 : at + 8] += 0.5
    result = griffin_lim(extract_mel(wave, spec), spec)
    energy = np.square(result, dtype=np.float64)
    centre = np.sum(energy * np.arange(len(energy))) / energy.sum()
    assert abs(centre - at) < spec.hop / 2


def test_seeds(spec, speech_like):
    mel = extract_mel(speech_like(6000, spec.sample_rate, 6), spec)
    first = griffin_lim(mel, spec, iterations=5, seed=3)
    np.testing.assert_array_equal(first, griffin_lim(mel, spec, iterations=5, seed=3))
    assert np.abs(first - griffin_lim(mel, spec, iterations=5, seed=4)).max() > 1e-3


@pytest.mark.parametrize("frames", [1, 2, 9])
@pytest.mark.parametrize("value", [0.0, 0.5, -11.5, 1e30, -1e30])
def test_constant_mels_are_finite(spec, frames, value):
    result = griffin_lim(np.full((frames, spec.n_mels), value, np.float32), spec, iterations=3)
    assert result.shape == (frames * spec.hop,)
    assert np.isfinite(result).all()


def test_silence_is_silent(spec):
    result = griffin_lim(extract_mel(np.zeros(8000), spec), spec)
    assert np.isfinite(result).all()
    assert np.abs(result).max() < 1e-3


def test_random_mels_are_finite(spec):
    mel = 4 * np.random.default_rng(0).standard_normal((33, spec.n_mels))
    assert np.isfinite(griffin_lim(mel, spec, iterations=10)).all()


def test_the_inverted_mel_has_the_mel(spec, speech_like):
    mel = numpy_path.extract(speech_like(9000, spec.sample_rate, 7), spec)
    magnitudes = invert_mel(mel, spec)
    assert magnitudes.shape == (len(mel), spec.n_fft // 2 + 1)
    assert (magnitudes >= 0).all()
    energies, wanted = magnitudes**spec.power @ filterbank.mel_matrix(spec), numpy_path.expand(mel, spec)
    assert np.linalg.norm(energies - wanted) < 0.01 * np.linalg.norm(wanted)


def test_more_frames_than_are_inverted_at_once(spec):
    mel = extract_mel(np.random.default_rng(0).standard_normal(1100 * spec.hop) * 0.1, spec)
    np.testing.assert_allclose(invert_mel(mel, spec)[1000:], invert_mel(mel[1000:], spec), rtol=1e-4, atol=1e-6)


def test_expand_undoes_compress(spec):
    energies = np.exp(np.random.default_rng(0).uniform(-3, 1, (7, spec.n_mels)))
    assert_equal_in_float64(numpy_path.expand(numpy_path.compress(energies, spec), spec), energies)


@pytest.mark.parametrize(("count", "length", "hop"), [(1, 8, 3), (5, 8, 4), (6, 7, 3), (4, 5, 5)])
def test_overlap_add(count, length, hop):
    frames = np.random.default_rng(0).standard_normal((count, length))
    expected = np.zeros((count - 1) * hop + length)
    for index, frame in enumerate(frames):
        expected[index * hop : index * hop + length] += frame
    assert_equal_in_float64(_overlap_add(frames, hop), expected)


@pytest.mark.parametrize(
    ("mel", "reason"),
    [
        (np.zeros((80, 9)), r"expected a mel \[frames, 80\], got \[80, 9\]"),
        (np.zeros((0, 80)), r"got \[0, 80\]"),
        (np.zeros(80), r"got \[80\]"),
        (np.full((3, 80), np.nan), "NaN"),
    ],
)
def test_refuses_mels(mel, reason):
    with pytest.raises(TfvcError, match=reason):
        griffin_lim(mel, named_spec("hifigan_22k"))


def test_refuses_no_iterations():
    with pytest.raises(TfvcError, match="0 iterations"):
        griffin_lim(np.zeros((3, 80)), named_spec("hifigan_22k"), iterations=0)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "file", ["vctk4/p225/p225_003.wav", "vctk4/p227/p227_008.wav", "vctk4/p228/p228_023.wav", "ljspeech16/LJ"]
)
def test_copy_of_real_speech(spec, file, real_data):
    path = real_data / file
    path = next(iter(sorted(path.glob("*.wav")))) if path.is_dir() else path
    wave, _ = read(path, spec.sample_rate)
    error, delay, level = check_copy(wave[: 5 * spec.sample_rate], spec)
    assert error < LARGEST_ERROR[spec_name(spec)]
    assert abs(delay) <= 32
    assert 0.9 < level < 1.1
