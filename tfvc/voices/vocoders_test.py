import dataclasses

import numpy as np
import pytest

from tfvc.audio import named_spec
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.models.melgan import MelGANConfig, MelGANDiscriminator, MelGANGenerator
from tfvc.models.melgan_keras_io import KerasIOMelGANGenerator
from tfvc.voices.vocoders import GriffinLim, NeuralVocoder, load_vocoder, speak
from tfvc.voices.windows import WINDOW_FRAMES

SPEC = named_spec("hifigan_22k")
CHUNK = 48


def shaken(model):
    """Every weight away from its initial value; above all g is not |v|."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        noise = rng.uniform(0.6, 1.5, variable.shape) if variable.name == "g" else rng.choice([-1, 1], variable.shape)
        variable.assign(variable.numpy() * noise)
    return model


def mel_of(frames):
    return np.random.default_rng(frames).normal(size=(frames, 80)).astype(np.float32)


@pytest.fixture(scope="module", params=[(MelGANGenerator, "descript"), (KerasIOMelGANGenerator, "keras_io")])
def pair(request):
    """A full-size generator in float32, the same in float64, and the vocoders of both."""
    kind, name = request.param
    single = shaken(kind.from_name(name))
    double = kind.from_name(name, dtype="float64")
    for ours, theirs in zip(double.weights, single.weights, strict=True):
        ours.assign(theirs.numpy())
    return single, double, NeuralVocoder(single, CHUNK), NeuralVocoder(double, CHUNK)


@pytest.fixture(scope="module")
def narrow():
    return shaken(MelGANGenerator(MelGANConfig(channels=16), SPEC))


@pytest.mark.parametrize("frames", [4, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK + 1, 2 * CHUNK + 5])
def test_a_waveform_in_chunks_is_the_waveform_in_one_piece(pair, frames):
    single, double, single_vocoder, double_vocoder = pair
    mel = mel_of(frames)
    exact = double(mel[None].astype(np.float64))[0, :, 0].numpy()
    assert exact.std() > 1e-5
    # In float64 rounding is far below any sample that a wrong context, padding or seam would leave.
    pieces = list(double_vocoder.pieces(mel))
    assert len(pieces) == -(-frames // CHUNK)
    np.testing.assert_allclose(np.concatenate(pieces), exact, rtol=0, atol=1e-10 * np.abs(exact).max())
    # In float32 the chunks may be as far from it as the one piece is, times the slack that parity has.
    noise = np.abs(single(mel[None])[0, :, 0].numpy() - exact).max()
    chunked = single_vocoder.vocode(mel)
    assert (chunked.dtype, chunked.shape) == (np.float32, exact.shape)
    assert 0 < np.abs(chunked - exact).max() <= 4 * noise


@pytest.mark.parametrize("frames", [1, 7, WINDOW_FRAMES - 1, WINDOW_FRAMES, WINDOW_FRAMES + 1, 2 * WINDOW_FRAMES + 1])
def test_one_trace_serves_every_length(narrow, frames):
    vocoder = NeuralVocoder(narrow)
    for count in (frames, 3 * frames):
        mel = mel_of(count)
        wave = vocoder.vocode(mel)
        assert wave.shape == (count * 256,)
        if count >= narrow.least_frames:
            np.testing.assert_allclose(wave, narrow(mel[None])[0, :, 0].numpy(), rtol=0, atol=1e-5)
    assert vocoder._generate.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("chunk_frames", [1, 2, 3])
def test_chunks_may_be_shorter_than_their_context(narrow, chunk_frames):
    mel = mel_of(11)
    expected = narrow(mel[None])[0, :, 0].numpy()
    np.testing.assert_allclose(NeuralVocoder(narrow, chunk_frames).vocode(mel), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_mel_shorter_than_the_padding_is_continued_by_its_last_frame(narrow, frames):
    assert narrow.least_frames == 4
    mel = mel_of(frames)
    whole = np.concatenate([mel, np.repeat(mel[-1:], 4 - frames, axis=0)])
    expected = NeuralVocoder(narrow).vocode(whole)[: frames * 256]
    np.testing.assert_array_equal(NeuralVocoder(narrow).vocode(mel), expected)


def test_the_weights_are_those_of_the_construction(narrow):
    generator = shaken(MelGANGenerator(MelGANConfig(channels=16), SPEC))
    vocoder = NeuralVocoder(generator)
    before = vocoder.vocode(mel_of(5))
    for variable in generator.weights:
        variable.assign(variable.numpy() * 0)
    np.testing.assert_array_equal(vocoder.vocode(mel_of(5)), before)
    assert vocoder.generator.fused


@pytest.mark.parametrize(
    ("mel", "words"),
    [
        (np.zeros((0, 80)), r"expected a mel \[frames, 80\], got \[0, 80\]"),
        (np.zeros((7, 81)), r"got \[7, 81\]"),
        (np.zeros((1, 7, 80)), r"got \[1, 7, 80\]"),
        (np.full((7, 80), np.nan), "NaN"),
        (np.full((7, 80), np.inf), "infinite"),
    ],
)
def test_mels_that_are_none_are_refused(narrow, mel, words):
    with pytest.raises(TfvcError, match=words):
        NeuralVocoder(narrow).vocode(mel)


def test_a_generator_without_a_mel_spec_is_refused():
    with pytest.raises(TfvcError, match="no mel spec"):
        NeuralVocoder(MelGANGenerator(MelGANConfig(channels=16)))


@pytest.mark.parametrize("samples", [255, 256, 300, 512, 600])
def test_what_is_spoken_is_as_long_as_the_recording(samples):
    wave = speak(GriffinLim(SPEC, iterations=1), np.full((2, 80), -5.0), samples)
    assert (wave.dtype, wave.shape) == (np.float32, (samples,))
    assert not wave[512:].any()


def test_vocoders_are_found_by_name_and_by_folder(narrow, tmp_path, monkeypatch):
    narrow.save_to_preset(tmp_path / "mine")
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(tmp_path))
    assert isinstance(load_vocoder("griffin-lim", SPEC), GriffinLim)
    expected = NeuralVocoder(narrow).vocode(mel_of(9))
    for name in ("mine", str(tmp_path / "mine")):
        vocoder = load_vocoder(name, named_spec("autovc_16k"))
        assert vocoder.mel_spec == SPEC
        np.testing.assert_array_equal(vocoder.vocode(mel_of(9)), expected)


def test_what_is_no_vocoder_is_refused_in_one_line(tmp_path):
    narrow = {"neck": 4, "freq": 8, "conv_channels": 8, "decoder_lstm1": 8, "decoder_lstm2": 8}
    AutoVC(AutoVCConfig(**narrow), SPEC).save_to_preset(tmp_path / "voice")
    config = MelGANConfig(discriminator_channels=4, discriminator_max_channels=16)
    MelGANDiscriminator(config, SPEC).save_to_preset(tmp_path / "ear")
    (tmp_path / "empty").mkdir()
    for name, words in {
        "voice": "voice: holds autovc, which is no vocoder; take griffin-lim or a preset of hifigan, melgan",
        "ear": "ear: holds melgan_discriminator, which is no vocoder",
        "empty": "no such vocoder: .*empty: not a preset",
        "nothing": "no such vocoder: .*nothing: no such preset",
    }.items():
        with pytest.raises(TfvcError, match=words) as refusal:
            load_vocoder(str(tmp_path / name), SPEC)
        assert "\n" not in str(refusal.value)


def test_a_spec_that_differs_in_one_field_is_refused_by_that_name(narrow):
    from tfvc.voices.vocoders import check_same_mels

    other = dataclasses.replace(SPEC, fmax=11025.0)
    with pytest.raises(TfvcError, match=r"the model and the vocoder take different mels \(fmax: 11025.0 != 8000.0\)"):
        check_same_mels("the model", other, NeuralVocoder(narrow))
