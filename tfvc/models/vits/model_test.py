import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import named_spec
from tfvc.common.errors import TfvcError
from tfvc.models.vits import VITS, ToneConverter, ToneConverterConfig, VITSConfig
from tfvc.models.vits.relative_attention import to_distances, to_positions
from tfvc.models.vits.speakers import expand
from tfvc.models.vits.spline import spline
from tfvc.models.vits.upstream import linear_spec
from tfvc.weights import state_dict

SIZES = {
    "spec_channels": 9,
    "inter_channels": 4,
    "hidden_channels": 6,
    "posterior_layers": 1,
    "flow_layers": 1,
    "n_flows": 2,
    "upsample_rates": (4, 2),
    "upsample_kernel_sizes": (8, 4),
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": (3,),
    "resblock_dilation_sizes": ((1, 3),),
}
SMALL = VITSConfig(**SIZES, n_vocab=7, filter_channels=8, n_layers=1, n_speakers=3, gin_channels=5, duration_flows=1)
REGRESSION = dataclasses.replace(SMALL, use_sdp=False, duration_filters=5)
SPEC = linear_spec(sample_rate=8000, n_fft=16, hop=8, win=16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters", "tensors"),
    [
        ("ljs", 36_321_072, 838),
        ("ljs_nosdp", 35_349_761, 564),
        ("vctk", 39_700_208, 858),
    ],
)
def test_parameter_counts(name, parameters, tensors):
    model = VITS.from_name(name)
    assert model.count_params() == parameters
    assert len(state_dict(model)) == tensors
    assert model.mel_spec == named_spec("vits_22k")
    assert model.hop == 256
    if name == "vctk":
        assert model.posterior_encoder.count_params() == 8_823_168
        assert model.flow.count_params() == 8_687_232
        assert model.decoder.count_params() == 14_468_608
        assert model.duration_predictor.count_params() == 1_366_512


def speak(model, ids=((1, 2, 3, 4, 5), (6, 0, 2, 0, 0)), lengths=(5, 3), **settings):
    rng = np.random.default_rng(0)
    noise = tf.constant(rng.normal(size=(2, 400, 4)), tf.float32)
    duration_noise = tf.constant(rng.normal(size=(2, 5, 2))[:, : len(ids[0])], tf.float32)
    return model.infer(tf.constant(ids), tf.constant(lengths), noise, duration_noise, tf.constant([0, 2]), **settings)


@pytest.fixture(scope="module")
def small():
    model = VITS(SMALL, SPEC, speakers={"ann": 0, "bob": 1, "cat": 2})
    rng = np.random.default_rng(3)
    for variable in model.weights:
        variable.assign(variable.numpy() + rng.normal(0, 0.2, variable.shape))
    return model


def test_shapes_and_speed(small):
    spoken, slower = speak(small), speak(small, length_scale=2.5)
    for found in (spoken, slower):
        assert found["frames"].numpy().tolist() == found["durations"].numpy().sum(axis=1).tolist()
        assert found["durations"].numpy()[1, 3:].tolist() == [0, 0]
        assert found["waveform"].shape == (2, found["frames"].numpy().max() * 8, 1)
        assert np.abs(found["waveform"]).max() <= 1
    assert (slower["frames"].numpy() > spoken["frames"].numpy()).all()


def test_padding_changes_no_latent(small):
    padded = speak(small)
    ids, lengths = ((1, 2, 3), (6, 0, 2)), (3, 3)
    alone = speak(small, ids, lengths)
    frames = int(padded["frames"][1])
    assert frames == int(alone["frames"][1])
    np.testing.assert_allclose(padded["z"][1, :frames], alone["z"][1, :frames], atol=1e-5)


def test_a_graph_of_unknown_sizes_gives_the_same(small):
    signature = [
        tf.TensorSpec([None, None], tf.int32),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([None, None, 4]),
        tf.TensorSpec([None, None, 2]),
        tf.TensorSpec([None], tf.int32),
    ]
    graph = tf.function(small.infer, input_signature=signature)
    rng = np.random.default_rng(0)
    noise, duration_noise = rng.normal(size=(2, 400, 4)), rng.normal(size=(2, 5, 2))
    ids, lengths = [[1, 2, 3, 4, 5], [6, 0, 2, 0, 0]], [5, 3]
    found = graph(ids, lengths, noise.astype(np.float32), duration_noise.astype(np.float32), [0, 2])
    np.testing.assert_allclose(found["waveform"], speak(small)["waveform"], atol=1e-5)


def test_too_little_noise_is_refused(small):
    with pytest.raises(tf.errors.InvalidArgumentError, match="noise for fewer frames"):
        small.infer(tf.constant([[1, 2]]), tf.constant([2]), tf.zeros([1, 1, 4]), tf.zeros([1, 2, 2]), tf.constant([1]))


def test_durations_that_are_made_of_noise_want_some(small):
    with pytest.raises(TfvcError, match="vits: durations are made of noise; give some"):
        small.infer(tf.constant([[1, 2]]), tf.constant([2]), tf.zeros([1, 9, 4]), speaker=tf.constant([1]))


def test_a_sample_depends_on_no_frame_beyond_reach(small):
    reach, frames = small.conversion_reach, 120
    rng = np.random.default_rng(0)
    spectrogram = rng.exponential(size=(1, frames, 9)).astype(np.float32)
    changed = spectrogram.copy()
    changed[:, frames // 2] += 1
    one = tf.constant([1])
    waves = [
        small.convert(tf.constant(x), tf.constant([frames]), one, one - 1, tf.zeros([1, frames, 4]))["waveform"]
        for x in (spectrogram, changed)
    ]
    moved = np.flatnonzero(np.abs(waves[0] - waves[1]).reshape(frames, 8).max(axis=1))
    assert moved.min() >= frames // 2 - reach
    assert moved.max() <= frames // 2 + reach
    assert reach // 2 <= frames // 2 - moved.min()  # further out float32 sees no difference


def test_a_preset_keeps_symbols_and_speakers(tmp_path):
    symbols = {"symbols": list("_abcdef"), "blank": 0}
    model = VITS(REGRESSION, SPEC, symbols, {"ann": 0})
    model.save_to_preset(tmp_path / "voice")
    again = VITS.from_preset(tmp_path / "voice")
    assert (again.symbols, again.speaker_ids, again.config) == (symbols, {"ann": 0}, REGRESSION)
    assert json.loads((tmp_path / "voice" / "speakers.json").read_text()) == {"ann": 0}
    np.testing.assert_array_equal(speak(again)["waveform"], speak(model)["waveform"])
    model.fuse().save_to_preset(tmp_path / "fused")
    fused = VITS.from_preset(tmp_path / "fused")
    assert fused.fused
    assert fused.symbols == symbols
    np.testing.assert_allclose(speak(fused)["waveform"], speak(model)["waveform"], atol=1e-5)


def test_a_speaker_is_named_if_and_only_if_there_are_several(small):
    alone = VITS(dataclasses.replace(REGRESSION, n_speakers=0))
    assert alone.condition(None) is None
    with pytest.raises(TfvcError, match="vits: the model has one speaker, but another was asked for"):
        alone.condition(tf.constant([0]))
    with pytest.raises(TfvcError, match="vits: the model has several speakers, but none was asked for"):
        small.condition(None)


def test_a_fresh_flow_is_the_identity():
    """So upstream starts it: what comes back is what went in, with the channels turned by each flip."""
    model = VITS(REGRESSION)
    z = tf.random.normal([2, 5, 4])
    np.testing.assert_array_equal(model.flow(z, tf.ones([2, 5, 1]), tf.ones([2, 1, 5])), z)


@pytest.mark.parametrize("time", [1, 3, 5, 30])
def test_distances_and_positions(time):
    window, rng = 4, np.random.default_rng(time)
    by_distance, by_position = rng.normal(size=(2, 3, time, 9)), rng.normal(size=(2, 3, time, time))
    there, back = np.zeros((2, 3, time, time)), np.zeros((2, 3, time, 9))
    for i in range(time):
        for j in range(max(0, i - window), min(time, i + window + 1)):
            there[..., i, j] = by_distance[..., i, j - i + window]
            back[..., i, j - i + window] = by_position[..., i, j]
    np.testing.assert_array_equal(to_positions(tf.constant(by_distance), window), there)
    np.testing.assert_array_equal(to_distances(tf.constant(by_position), window), back)


def test_expanding_by_durations():
    x = tf.reshape(tf.range(1.0, 9.0), [2, 4, 1])
    durations = tf.constant([[2, 0, 1, 3], [1, 1, 0, 0]])
    expected = [[1, 1, 3, 4, 4, 4, 0], [5, 6, 0, 0, 0, 0, 0]]
    np.testing.assert_array_equal(expand(x, durations, 7)[..., 0], expected)


def test_splines_in_float32_stay_finite():
    rng = np.random.default_rng(0)
    x = tf.constant(np.append(rng.normal(size=20_000) * 3, [5, -5, np.nextafter(5, 0)]), tf.float32)
    shape = [tf.constant(rng.normal(size=(len(x), n)) * 8, tf.float32) for n in (10, 10, 9)]
    for reverse in (False, True):
        with tf.GradientTape() as tape:
            tape.watch([x, *shape])
            found = spline(x, *shape, reverse=reverse)
        gradients = tape.gradient(found, [x, *shape])
        assert all(np.isfinite(value).all() for value in (*found, *gradients))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"inter_channels": 5}, "inter_channels must be even"),
        ({"wavenet_kernel_size": 4}, "wavenet_kernel_size must be odd"),
        ({"n_speakers": 3}, "gin_channels = 0, but there are speakers"),
        ({"n_speakers": 3, "embedding_size": 4, "gin_channels": 4}, "both say what speakers are"),
        ({"embedding_size": 3, "gin_channels": 4}, "embedding_size = 3 is not gin_channels = 4"),
        ({"project_embedding": True}, "project_embedding without embedding_size"),
        ({"upsample_rates": (8, 8)}, "2 upsample_rates need as many"),
    ],
)
def test_sizes_that_do_not_go_together_are_refused(fields, message):
    with pytest.raises(TfvcError, match=message):
        VITSConfig(**fields)


def test_the_tone_converter_embeds_and_converts():
    model = ToneConverter(ToneConverterConfig(**SIZES, gin_channels=5, reference_filters=(3, 4)), SPEC)
    spectrogram = tf.random.uniform([2, 13, 9])
    source, target = model.embed(spectrogram), model.embed(spectrogram[:, :7] * 2)
    assert source.shape == (2, 5)
    found = model(
        {
            "spectrogram": spectrogram,
            "lengths": tf.constant([13, 9]),
            "source": source,
            "target": target,
            "noise": tf.zeros([2, 13, 4]),
        }
    )
    assert found["waveform"].shape == (2, 104, 1)
