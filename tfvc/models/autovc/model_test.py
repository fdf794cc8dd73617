import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig, autovc_losses, mel_scaling
from tfvc.optimizers.adam import Adam


def draw(batch, frames, seed=0):
    rng = np.random.default_rng(seed)
    mel = rng.uniform(0, 1, (batch, frames, 80)).astype(np.float32)
    embeddings = rng.uniform(0, 1, (2, batch, 256)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=-1, keepdims=True)
    return tf.constant(mel), tf.constant(embeddings[0]), tf.constant(embeddings[1])


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    return AutoVC.from_name("small")


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [({}, 28_422_464), ({"neck": 16}, 28_266_304), ({"neck": 16, "freq": 16}, 28_266_304), ({"freq": 22}, 28_422_464)],
)
def test_parameters_are_those_counted_upstream(changes, parameters):
    model = AutoVC(AutoVCConfig(**changes))
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == parameters


@pytest.mark.parametrize("frames", [1, 15, 16, 17, 50, 64])
def test_any_number_of_frames_goes_in_and_comes_out(small, frames):
    decoded, refined, codes = small(draw(2, frames))
    assert decoded.shape == refined.shape == (2, frames, 80)
    assert codes.shape == (2, -(-frames // small.config.freq), 2 * small.config.neck)
    assert np.isfinite(refined.numpy()).all()


def test_a_pad_is_zeros_and_is_cut_off_again(small):
    mel, own, other = draw(2, 37)
    padded = tf.pad(mel, [[0, 0], [0, 11], [0, 0]])
    for mine, whole in zip(small((mel, own, other))[:2], small((padded, own, other))[:2], strict=True):
        np.testing.assert_array_equal(mine, whole[:, :37])


def test_codes_hold_the_last_forward_and_the_first_backward_state(small):
    mel, own, _ = draw(1, 48)
    x = tf.concat([mel, tf.repeat(own[:, None], 48, axis=1)], -1)
    for block in small.encoder.convolutions:
        x = tf.nn.relu(block(x))
    states = small.encoder.lstm(x).numpy()[0]
    codes = small.encode(mel, own).numpy()[0]
    neck, freq = small.config.neck, small.config.freq
    for i in range(48 // freq):
        np.testing.assert_array_equal(codes[i, :neck], states[freq * i + freq - 1, :neck])
        np.testing.assert_array_equal(codes[i, neck:], states[freq * i, neck:])


def test_the_graph_serves_any_batch_and_length(small):
    call = tf.function(
        lambda *inputs: small(inputs),
        input_signature=[
            tf.TensorSpec([None, None, 80]),
            tf.TensorSpec([None, 256]),
            tf.TensorSpec([None, 256]),
        ],
    )
    for batch, frames in ((1, 33), (3, 16)):
        inputs = draw(batch, frames)
        for graph, eager in zip(call(*inputs), small(inputs), strict=True):
            np.testing.assert_allclose(graph, eager, atol=1e-5)


@pytest.mark.parametrize(("absolute", "error"), [(False, np.square), (True, np.abs)])
def test_losses_compare_each_item_with_itself(absolute, error):
    rng = np.random.default_rng(0)
    mel, decoded, refined = (rng.normal(size=(3, 8, 5)) for _ in range(3))
    codes, again = (rng.normal(size=(3, 2, 4)) for _ in range(2))
    losses = autovc_losses(
        *map(tf.constant, (mel, decoded, refined, codes, again)), content_weight=0.7, absolute=absolute
    )
    expected = {
        "reconstruction": np.mean(error(mel - decoded)),
        "postnet": np.mean(error(mel - refined)),
        "content": np.mean(np.abs(codes - again)),
    }
    expected["loss"] = expected["reconstruction"] + expected["postnet"] + 0.7 * expected["content"]
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert float(losses[name]) == pytest.approx(value, rel=1e-10)


def test_what_the_encoder_hears_is_not_what_is_made(small):
    mel, own, _ = draw(2, 32)
    heard, _, _ = draw(2, 32, seed=1)
    losses = small.compute_losses(mel, own, training=False, heard=heard)
    decoded, refined, codes = small((heard, own, own), training=False)
    expected = autovc_losses(
        mel, decoded, refined, codes, small.encode(refined, own), small.config.content_weight, small.config.absolute
    )
    for name, value in expected.items():
        np.testing.assert_array_equal(losses[name], value, err_msg=name)
    assert float(small.compute_losses(mel, own, training=False)["content"]) != float(losses["content"])


def test_the_content_loss_reaches_the_decoder_through_the_encoder(small):
    mel, own, _ = draw(2, 32)
    with tf.GradientTape() as tape:
        loss = small.compute_losses(mel, own, training=True)["content"]
    gradients = tape.gradient(loss, small.decoder.trainable_variables)
    assert all(g is not None and np.abs(g.numpy()).max() > 0 for g in gradients)


def test_the_zeroed_postnet_adds_nothing_at_first(small):
    decoded, refined, _ = small(draw(2, 32))
    np.testing.assert_array_equal(decoded, refined)
    decoded, refined, _ = AutoVC.from_name("article")(draw(1, 22))
    assert np.abs(refined - decoded).max() > 0.1


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_fit_learns_and_reports_the_losses(precision):
    keras.utils.set_random_seed(1)
    spec = MelSpec.named("hifigan_22k")
    config = AutoVCConfig(neck=8, freq=8, conv_channels=64, decoder_lstm1=64, decoder_lstm2=64, **mel_scaling(spec))
    model = AutoVC(config, spec, dtype=precision)
    model.compile(optimizer=Adam(3e-3, clip_grad_norm=1.0))
    mel, own, _ = draw(4, 24)
    heard = model.denormalize(mel * 0.9)
    data = tf.data.Dataset.from_tensors((model.denormalize(mel), own, heard)).repeat(30)
    history = model.fit(data, epochs=2, steps_per_epoch=15, shuffle=False, verbose=0).history
    assert set(history) == {"loss", "reconstruction", "postnet", "content"}
    assert history["loss"][1] < 0.8 * history["loss"][0]
    assert (
        model.evaluate(data.map(lambda mel, own, heard: (mel, own)).take(2), verbose=0, return_dict=True).keys()
        == history.keys()
    )
    converted = model.convert(model.denormalize(mel), own, own)
    assert converted.dtype == tf.float32
    assert np.isfinite(converted.numpy()).all()


def test_fit_under_a_distribution_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        model = AutoVC(AutoVCConfig(neck=4, freq=8, conv_channels=16, decoder_lstm1=16, decoder_lstm2=16))
        model.compile(optimizer=Adam(1e-3))
    mel, own, _ = draw(4, 16)
    before = model.encoder.convolutions[0].norm.moving_mean.numpy()
    model.fit(tf.data.Dataset.from_tensor_slices((mel, own)).batch(2), shuffle=False, verbose=0)
    assert model.encoder.convolutions[0].norm.num_batches_tracked.numpy() == 4  # encode and re-encode, two steps
    assert np.abs(model.encoder.convolutions[0].norm.moving_mean.numpy() - before).max() > 0


def test_scaling_brings_silence_to_zero_and_a_full_tone_to_one():
    for name in ("hifigan_22k", "melgan_22k", "autovc_16k", "keras_22k"):
        spec = MelSpec.named(name)
        model = AutoVC(
            AutoVCConfig(neck=4, freq=8, conv_channels=8, decoder_lstm1=8, decoder_lstm2=8, **mel_scaling(spec))
        )
        tone = np.sin(2 * np.pi * 1000 / spec.sample_rate * np.arange(spec.sample_rate)).astype(np.float32)
        scaled = model.normalize(spec.extract(tone))
        assert 0.8 < scaled.max() < 1.01
        assert scaled.min() > -0.01
        np.testing.assert_allclose(model.denormalize(scaled), spec.extract(tone), atol=1e-4)


def test_power_mels_are_refused():
    with pytest.raises(TfvcError, match="log mels"):
        mel_scaling(MelSpec.named("ge2e_16k"))
