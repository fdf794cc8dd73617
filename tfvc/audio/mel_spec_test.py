import dataclasses
import json

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from tfvc.audio import MelSpec, extract_mel, filterbank, named_spec, read
from tfvc.common.errors import TfvcError
from tfvc.testing import assert_equal_in_float64

NAMES = ["hifigan_22k", "melgan_22k", "autovc_16k", "keras_22k", "ge2e_16k", "vits_22k"]
LENGTHS = [8000, 12345]


def frames_of(wave, n_fft, hop, window):
    """Windowed frames, one after the other, as a textbook has them."""
    starts = range(0, len(wave) - n_fft + 1, hop)
    return np.array([wave[start : start + n_fft] * window for start in starts])


def slaney_matrix(rate, n_fft, n_mels, fmin, fmax):
    """Slaney's auditory toolbox: linear below 1 kHz, 27 steps a factor of 6.4 above; equal areas."""

    def mel(hertz):
        return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1e-9) / 1000) / np.log(6.4))

    grid = np.linspace(0, rate, 400_001)
    edges = np.interp(np.linspace(mel(np.array(fmin)), mel(np.array(fmax)), n_mels + 2), mel(grid), grid)
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    matrix = np.zeros((len(bins), n_mels))
    for m in range(n_mels):
        low, middle, high = edges[m : m + 3]
        for k, hertz in enumerate(bins):
            triangle = min((hertz - low) / (middle - low), (high - hertz) / (high - middle))
            matrix[k, m] = max(0.0, triangle) * 2 / (high - low)
    return matrix


def hann(n):
    return 0.5 * (1 - np.cos(2 * np.pi * np.arange(n) / n))


@pytest.mark.parametrize("samples", LENGTHS)
def test_autovc_equals_its_published_recipe(speech_like, samples):
    """make_spect.py: Butterworth filtfilt, dither, centred magnitudes, Slaney mels, decibels, clip."""
    wave = speech_like(samples, 16000, samples)
    b, a = scipy.signal.butter(5, 30 / 8000, btype="high")
    clean = scipy.signal.filtfilt(b, a, wave)
    clean = clean * 0.96 + (np.random.RandomState(0).rand(samples) - 0.5) * 1e-6
    mirrored = np.concatenate([clean[512:0:-1], clean, clean[-2:-514:-1]])
    magnitude = np.abs(np.fft.rfft(frames_of(mirrored, 1024, 256, hann(1024))))
    mel = magnitude @ slaney_matrix(16000, 1024, 80, 90, 7600)
    decibels = 20 * np.log10(np.maximum(np.exp(-5 * np.log(10)), mel)) - 16
    expected = np.clip((decibels + 100) / 100, 0, 1)
    found = extract_mel(wave, named_spec("autovc_16k"))
    assert (found.dtype, found.shape) == (np.float32, expected.shape)
    assert expected.std() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("samples", LENGTHS)
def test_hifigan_and_melgan_equal_their_recipes(speech_like, samples):
    wave = speech_like(samples, 22050, samples)
    mirrored = np.concatenate([wave[384:0:-1], wave, wave[-2:-386:-1]])
    spectrum = np.fft.rfft(frames_of(mirrored, 1024, 256, hann(1024)))
    power = spectrum.real**2 + spectrum.imag**2
    mel = np.sqrt(power + 1e-9) @ slaney_matrix(22050, 1024, 80, 0, 8000)
    expected = np.log(np.maximum(mel, 1e-5))
    np.testing.assert_allclose(extract_mel(wave, named_spec("hifigan_22k")), expected, rtol=0, atol=1e-5)
    mel = np.sqrt(power) @ slaney_matrix(22050, 1024, 80, 0, 11025)
    expected = np.log10(np.maximum(mel, 1e-5))
    np.testing.assert_allclose(extract_mel(wave, named_spec("melgan_22k")), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("samples", LENGTHS)
def test_ge2e_equals_its_recipe(speech_like, samples):
    wave = speech_like(samples, 16000, samples)
    mirrored = np.concatenate([wave[200:0:-1], wave, wave[-2:-202:-1]])
    power = np.abs(np.fft.rfft(frames_of(mirrored, 400, 160, hann(400)))) ** 2
    expected = power @ slaney_matrix(16000, 400, 40, 0, 8000)
    np.testing.assert_allclose(extract_mel(wave, named_spec("ge2e_16k")), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("samples", LENGTHS)
def test_keras_equals_tensorflows_own_functions(speech_like, samples):
    import tensorflow as tf

    wave = speech_like(samples, 22050, samples)
    spectrum = tf.signal.stft(wave, 1024, 256, pad_end=True)
    matrix = tf.signal.linear_to_mel_weight_matrix(80, 513, 22050, 125.0, 7600.0, dtype=tf.float64)
    mel = tf.matmul(tf.square(tf.abs(spectrum)), matrix)
    # tfio.audio.dbscale(mel, top_db=80)
    decibels = 10.0 * np.log10(np.maximum(np.square(mel.numpy()), 1e-10))
    expected = np.maximum(decibels, decibels.max() - 80)
    np.testing.assert_allclose(extract_mel(wave, named_spec("keras_22k")), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["hifigan_22k", "melgan_22k", "autovc_16k", "ge2e_16k"])
def test_the_slaney_matrix_is_librosas(name):
    import librosa

    spec = named_spec(name)
    expected = librosa.filters.mel(
        sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax
    )
    np.testing.assert_allclose(filterbank.mel_matrix(spec), expected.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        filterbank.mel_matrix(spec),
        slaney_matrix(spec.sample_rate, spec.n_fft, spec.n_mels, spec.fmin, spec.fmax),
        rtol=0,
        atol=1e-8,
    )


@pytest.mark.parametrize(("fmin", "fmax", "n_mels"), [(125.0, 7600.0, 80), (0.0, 11025.0, 40), (31.5, 4000.0, 23)])
def test_the_htk_matrix_is_tensorflows(fmin, fmax, n_mels):
    import tensorflow as tf

    spec = dataclasses.replace(named_spec("keras_22k"), fmin=fmin, fmax=fmax, n_mels=n_mels)
    expected = tf.signal.linear_to_mel_weight_matrix(n_mels, 513, 22050, fmin, fmax, dtype=tf.float64)
    assert_equal_in_float64(filterbank.mel_matrix(spec), expected)
    assert not filterbank.mel_matrix(spec)[0].any()


def test_a_window_shorter_than_the_transform_lies_in_its_middle():
    spec = dataclasses.replace(named_spec("hifigan_22k"), win=801)
    expected = np.zeros(1024)
    expected[111:912] = scipy.signal.get_window("hann", 801)
    assert_equal_in_float64(filterbank.hann_window(spec), expected)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(NAMES), st.integers(1, 6000))
def test_frames_are_those_of_extract(name, samples):
    spec = named_spec(name)
    wave = np.random.default_rng(samples).standard_normal(samples)
    if samples < spec.minimum_samples:
        with pytest.raises(TfvcError, match=f"waveform of {samples} samples is too short"):
            spec.frames(samples)
        with pytest.raises(TfvcError, match=f"its mel needs {spec.minimum_samples}"):
            extract_mel(wave, spec)
    else:
        assert extract_mel(wave, spec).shape == (spec.frames(samples), spec.n_mels)


def test_frames_of_each_framing():
    for samples, expected in {
        2560: (10, 10, 11, 10, 17, 10),
        2561: (10, 10, 11, 11, 17, 10),
        2559: (9, 9, 10, 10, 16, 9),
    }.items():
        assert tuple(named_spec(name).frames(samples) for name in NAMES) == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_long_waveform_is_its_parts(name):
    """More frames than are computed at once; and the mel of the middle does not depend on the rest."""
    spec = dataclasses.replace(named_spec(name), dynamic_range=None, highpass_hz=0.0, highpass_order=0, dither=0.0)
    wave = np.random.default_rng(0).standard_normal(1100 * spec.hop)
    start = 1000 * spec.hop
    whole, part = extract_mel(wave, spec), extract_mel(wave[start:], spec)
    np.testing.assert_allclose(whole[1010:1090], part[10:90], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_finite(name):
    spec = named_spec(name)
    mel = extract_mel(np.zeros(spec.sample_rate), spec)
    assert np.isfinite(mel).all()


def test_dither_is_a_function_of_its_seed_and_repeats():
    spec = named_spec("autovc_16k")
    period = filterbank.DITHER_PERIOD
    noise = filterbank.dither(spec, period + 5)
    np.testing.assert_array_equal(noise[period:], noise[:5])
    assert 0.49e-6 < np.abs(noise).max() <= 0.5e-6
    assert (filterbank.dither(dataclasses.replace(spec, dither_seed=225), 9) != noise[:9]).all()


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (np.zeros((2, 4000)), "expected floating-point samples"),
        (np.zeros(4000, np.int16), "got int16"),
        (np.full(4000, np.nan), "NaN"),
    ],
)
def test_refuses_waves(wave, reason):
    with pytest.raises(TfvcError, match=reason):
        extract_mel(wave, named_spec("hifigan_22k"))


@pytest.mark.parametrize("name", NAMES)
def test_json_round_trip(name, tmp_path):
    spec = named_spec(name)
    assert MelSpec.from_json(spec.to_json()) == spec
    spec.save(tmp_path / "mel.json")
    assert MelSpec.load(tmp_path / "mel.json") == spec


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(MelSpec)])
def test_json_names_the_field_at_fault(name):
    values = json.loads(named_spec("autovc_16k").to_json())
    with pytest.raises(TfvcError, match=f"mel spec: missing field {name}"):
        MelSpec.from_json(json.dumps({key: value for key, value in values.items() if key != name}))
    for wrong in ({}, [1], "no"):
        with pytest.raises(TfvcError, match=f"mel spec: {name} is "):
            MelSpec.from_json(json.dumps({**values, name: wrong}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n_fft": 10**12}, "n_fft is 1000000000000"),
        ({"fmax": 12000.0}, "fmax is 12000.0"),
        ({"n_fft": True}, "n_fft is True"),
        ({"fmin": float("nan")}, "fmin is nan"),
        ({"mel_slopes": "mel"}, "mel_norm is 'slaney', expected none with mel_slopes mel"),
        ({"highpass_hz": 0.0}, "highpass_order is 5"),
        ({"clip": [1, 0]}, "clip is"),
        ({"colour": 1}, "unknown field colour"),
    ],
)
def test_json_out_of_range(change, reason):
    values = json.loads(named_spec("autovc_16k").to_json())
    with pytest.raises(TfvcError, match=reason):
        MelSpec.from_json(json.dumps({**values, **change}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n_mels": 80}, "n_mels is 80, expected n_fft/2\\+1 with mel_scale none"),
        ({"fmin": 20.0}, "fmin is 20.0, expected 0 with mel_scale none"),
        ({"fmax": 8000.0}, "fmax is 8000.0, expected sample_rate/2 with mel_scale none"),
        ({"mel_norm": "slaney"}, "mel_norm is 'slaney', expected none with mel_scale none"),
        ({"mel_slopes": "mel"}, "mel_slopes is 'mel', expected hertz with mel_scale none"),
    ],
)
def test_a_linear_spectrogram_has_no_filters(change, reason):
    with pytest.raises(TfvcError, match=reason):
        dataclasses.replace(named_spec("vits_22k"), **change)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_json_that_is_no_object(text):
    with pytest.raises(TfvcError, match="mel spec"):
        MelSpec.from_json(text)


def test_load_names_the_file(tmp_path):
    (tmp_path / "mel.json").write_bytes(b"\xff\xfe")
    for name in ("mel.json", "missing.json"):
        with pytest.raises(TfvcError, match=name):
            MelSpec.load(tmp_path / name)


def test_differences():
    ours, theirs = named_spec("hifigan_22k"), named_spec("melgan_22k")
    assert ours.differences(ours) == []
    assert ours.differences(theirs) == [
        "fmax: 8000.0 != 11025.0",
        "power_epsilon: 1e-09 != 0.0",
        "log: 'ln' != 'log10'",
    ]


def test_no_such_name():
    with pytest.raises(TfvcError, match="no mel spec is called 'hifigan', there are hifigan_22k, melgan_22k"):
        named_spec("hifigan")


@pytest.mark.real_data
def test_real_upstream_mels_look_like_ours(real_data):
    """AutoVC's own mels of four VCTK speakers against ours of p225: the level of each band on voiced frames.

    They are of other sentences than the recordings here, so this sees a wrong scale, offset, norm or magnitude (0.08
    to 0.3), not a wrong sample.
    """
    upstream = np.load(real_data / "autovc_inputs.npz")
    theirs = np.concatenate([upstream[name] for name in upstream.files if name.endswith("_mel")])
    spec = named_spec("autovc_16k")
    files = sorted((real_data / "vctk4" / "p225").glob("*.wav"))[:4]
    ours = np.concatenate([extract_mel(read(file, 16000)[0], spec) for file in files])
    profiles = [mel[mel.mean(axis=1) > 0.4].mean(axis=0) for mel in (ours, theirs)]
    assert np.abs(profiles[0] - profiles[1]).mean() < 0.05
    assert np.corrcoef(profiles)[0, 1] > 0.9
