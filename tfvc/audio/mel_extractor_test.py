import dataclasses

import keras
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import tensorflow as tf

from tfvc.audio import MelExtractor, filterbank, named_spec, numpy_path
from tfvc.common.errors import TfvcError
from tfvc.testing import assert_equal_in_float64

NAMES = ["hifigan_22k", "melgan_22k", "autovc_16k", "keras_22k", "ge2e_16k", "vits_22k"]


@pytest.fixture(params=NAMES)
def spec(request):
    return named_spec(request.param)


@pytest.fixture(params=[8192, 9001])
def waves(request, spec, speech_like):
    """`[3, samples]`: loud speech, quiet speech that begins in digital silence, noise."""
    samples = request.param
    speech = [speech_like(samples, spec.sample_rate, seed) for seed in (1, 2)]
    speech[1] *= 0.01
    speech[1][: samples // 3] = 0.0
    return np.stack([*speech, 0.1 * np.random.default_rng(samples).standard_normal(samples)])


def in_single_precision(wave, spec):
    """The same mel computed in float32 by NumPy and SciPy: how far rounding alone goes from float64."""
    wave = numpy_path.pad(numpy_path.prefilter(wave, spec).astype(np.float32), spec)
    frames = np.lib.stride_tricks.sliding_window_view(wave, spec.n_fft)[:: spec.hop]
    spectrum = scipy.fft.rfft(frames * filterbank.hann_window(spec).astype(np.float32))
    power = spectrum.real**2 + spectrum.imag**2 + np.float32(spec.power_epsilon)
    strength = power if spec.power == 2 else np.sqrt(power)
    energies = strength @ filterbank.mel_matrix(spec).astype(np.float32)
    assert energies.dtype == np.float32
    return numpy_path.compress(energies, spec)


def graph(spec, dtype, static_shape=None):
    layer = MelExtractor(spec, dtype=dtype)
    return tf.function(layer, input_signature=[tf.TensorSpec(static_shape or [None, None], dtype)])


@pytest.mark.parametrize("length_known", [True, False])
def test_graph_equals_numpy_in_double_precision(spec, waves, length_known):
    expected = np.stack([numpy_path.extract(wave, spec) for wave in waves])
    found = graph(spec, "float64", waves.shape if length_known else None)(waves).numpy()
    assert (found.dtype, found.shape) == (np.float64, expected.shape)
    assert_equal_in_float64(found, expected)


def test_graph_equals_numpy_within_single_precision_noise(spec, waves):
    waves = waves.astype(np.float32)
    expected = np.stack([numpy_path.extract(wave.astype(np.float64), spec) for wave in waves])
    rounding = np.abs(np.stack([in_single_precision(wave.astype(np.float64), spec) for wave in waves]) - expected)
    error = np.abs(graph(spec, "float32")(waves).numpy() - expected)
    assert 0 < rounding.max() < 1e-2 * np.abs(expected).max()
    for one_error, one_rounding in zip(error, rounding, strict=True):
        assert np.linalg.norm(one_error) <= 3 * np.linalg.norm(one_rounding)
        assert one_error.max() <= 5 * one_rounding.max()


def test_an_utterance_does_not_see_its_neighbours(spec, waves):
    layer = MelExtractor(spec)
    together = layer(waves.astype(np.float32))
    for index in range(len(waves)):
        alone = layer(waves[index : index + 1].astype(np.float32))
        np.testing.assert_allclose(together[index], alone[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("samples", [19, 40, 1000, 20_001])
def test_the_highpass_equals_scipy(samples):
    spec = dataclasses.replace(named_spec("autovc_16k"), n_fft=16, win=16, hop=4, pad=0, n_mels=2)
    wave = 0.5 + np.random.default_rng(samples).standard_normal((2, samples))
    found = MelExtractor(spec, dtype="float64")._highpass(tf.constant(wave))
    sections = scipy.signal.butter(5, 30, btype="high", fs=16000, output="sos")
    assert_equal_in_float64(found, scipy.signal.sosfiltfilt(sections, wave, padlen=18))
    # The published form, (b, a), rounds a billion times more: 5e-7 of the wave. One percent of the cutoff makes 1e-3.
    published = scipy.signal.filtfilt(*scipy.signal.butter(5, 30 / 8000, btype="high"), wave)
    assert np.linalg.norm(found - published) <= 1e-4 * np.linalg.norm(published)


def test_gradient_equals_finite_differences(spec, speech_like):
    layer = MelExtractor(spec, dtype="float64")
    generator = np.random.default_rng(0)
    # Speech with noise on it: no band at its floor, where the mel has a corner.
    waves = np.stack([speech_like(3001, spec.sample_rate, seed) for seed in (3, 4)])
    waves += 0.02 * generator.standard_normal(waves.shape)
    frames = spec.frames(3001)
    cotangent = generator.standard_normal((2, frames, spec.n_mels))
    variable = tf.Variable(waves)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(variable) * cotangent)
    gradient = tape.gradient(total, variable).numpy()
    for _ in range(3):
        direction = generator.standard_normal(waves.shape) * 1e-8
        ahead, behind = layer(waves + direction), layer(waves - direction)
        slope = np.sum((ahead.numpy() - behind.numpy()) * cotangent) / 2
        scale = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs(slope - np.sum(gradient * direction)) < 1e-5 * scale


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_float16"])
def test_gradient_of_silence_is_finite(spec, dtype):
    wave = tf.Variable(np.zeros((2, 4000)), dtype="float64" if dtype == "float64" else "float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(MelExtractor(spec, dtype=dtype)(wave) - 1.0))
    gradient = tape.gradient(loss, wave)
    assert np.isfinite(gradient).all()


def test_gradient_of_a_bin_without_energy_is_finite(spec):
    """Above the floor the logarithm stops nothing: a band may be loud and one of its bins exactly 0."""
    layer = MelExtractor(spec)
    wave = tf.Variable(tf.zeros((1, 2 * spec.n_fft)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer._mel_energies(wave))
    assert np.isfinite(tape.gradient(total, wave)).all()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_half_precision_policies_compute_in_single(spec, waves, policy):
    waves = waves.astype(np.float32)
    found = MelExtractor(spec, dtype=policy)(waves)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, MelExtractor(spec, dtype="float32")(waves))


def test_saved_with_a_model(spec, waves, tmp_path):
    model = keras.Sequential([keras.Input((None,)), MelExtractor(spec)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].spec == spec
    assert model.output_shape == (None, None, spec.n_mels)
    np.testing.assert_array_equal(loaded(waves.astype(np.float32)), model(waves.astype(np.float32)))


def test_output_shape_is_known_beforehand(spec):
    layer = MelExtractor(spec)
    assert layer.compute_output_shape((4, 5000)) == (4, spec.frames(5000), spec.n_mels)
    assert layer.compute_output_shape((None, None)) == (None, None, spec.n_mels)
    assert layer.weights == []


def test_compiles_with_xla(spec, waves):
    waves = waves.astype(np.float32)
    compiled = tf.function(MelExtractor(spec), jit_compile=True)
    np.testing.assert_allclose(compiled(waves), MelExtractor(spec)(waves), rtol=0, atol=2e-2)


def test_longer_than_the_dither_table(monkeypatch):
    spec = named_spec("autovc_16k")
    monkeypatch.setattr(filterbank, "DITHER_PERIOD", 1500)
    filterbank._dither_table.cache_clear()
    try:
        silence = np.zeros((1, 4000))
        expected = numpy_path.extract(silence[0], dataclasses.replace(spec, dither=1e-2))
        found = graph(dataclasses.replace(spec, dither=1e-2), "float64")(silence)
        assert expected.std() > 0.01
        assert_equal_in_float64(found[0], expected)
    finally:
        filterbank._dither_table.cache_clear()


def test_refuses_shapes(spec):
    layer = MelExtractor(spec)
    with pytest.raises(TfvcError, match=r"expected a waveform \[batch, samples\]"):
        layer(np.zeros((1, 5000, 1), np.float32))
    if spec.minimum_samples > 1:
        with pytest.raises(TfvcError, match="too short"):
            layer(np.zeros((1, spec.minimum_samples - 1), np.float32))
