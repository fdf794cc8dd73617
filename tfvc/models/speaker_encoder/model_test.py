import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec, read
from tfvc.common.maker import Maker
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig
from tfvc.models.speaker_encoder.published import WEIGHTS_SHA256


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


def test_parameters_are_those_counted_upstream():
    assert trainable(SpeakerEncoder.from_name("ge2e")) == 1_423_616
    assert trainable(SpeakerEncoder.from_name("dvector")) == 12_257_536


@pytest.mark.parametrize(("name", "shape"), [("ge2e", (3, 160, 40)), ("dvector", (2, 128, 80))])
def test_embeddings_have_length_one(name, shape):
    mels = tf.constant(np.random.default_rng(0).uniform(0, 1, shape), tf.float32)
    embeddings = SpeakerEncoder.from_name(name)(mels).numpy()
    assert embeddings.shape == (shape[0], 256)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=-1), 1, atol=1e-5)
    assert (embeddings.min() >= 0) == (name == "ge2e")


def test_the_maker_is_the_architecture_and_its_weights(ge2e):
    assert ge2e.maker == Maker("ge2e", WEIGHTS_SHA256)
    assert ge2e.notes() == [f"makes speaker embeddings of ge2e ({WEIGHTS_SHA256[:12]})"]
    fresh = SpeakerEncoder.from_name("ge2e")
    assert fresh.maker.name == "ge2e"
    assert not fresh.maker.fits(ge2e.maker)
    fresh.set_weights(ge2e.get_weights())
    assert fresh.maker == ge2e.maker


def test_other_sizes_windows_or_mels_are_another_maker():
    config = SpeakerEncoderConfig(units=4, embedding=5)
    assert SpeakerEncoder(config).maker.name == "speaker_encoder"
    assert SpeakerEncoder.from_name("ge2e", mel_spec=MelSpec.named("autovc_16k")).maker.name == "speaker_encoder"
    assert SpeakerEncoder.from_name("dvector").maker.name == "dvector"


@pytest.mark.parametrize("samples", [600, 16000, 40001])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_any_length_and_rate_is_embedded(samples, rate):
    wave = np.random.default_rng(1).normal(0, 0.1, samples).astype(np.float32)
    embedding = SpeakerEncoder.from_name("ge2e").embed_utterance(wave, rate)
    assert embedding.shape == (256,)
    assert embedding.dtype == np.float32
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)


def test_a_quiet_recording_is_raised_first(ge2e):
    rng = np.random.default_rng(2)
    wave = (rng.normal(size=32000) * np.sin(np.arange(32000) / 3000)).astype(np.float32)
    quiet, quieter = (ge2e.embed_utterance(wave * level, 16000) for level in (1e-2, 1e-4))
    np.testing.assert_allclose(quiet, quieter, atol=1e-4)


@pytest.mark.real_data
def test_published_weights_tell_the_vctk_speakers_apart(ge2e, real_data):
    embeddings = {
        folder.name: np.stack([ge2e.embed_utterance(*read(path)) for path in sorted(folder.glob("*.wav"))])
        for folder in sorted((real_data / "vctk4").iterdir())
    }
    assert len(embeddings) == 4
    cross = [float((embeddings[a] @ embeddings[b].T).mean()) for a, b in itertools.combinations(sorted(embeddings), 2)]
    same = []
    for own in embeddings.values():
        cosines = (own @ own.T)[np.triu_indices(len(own), 1)]
        same.append(float(cosines.mean()))
        # every single pair of one speaker's recordings is closer than any two speakers are on average
        assert cosines.min() > max(cross)
    assert min(same) > 0.85
    assert min(cross) > 0.5
    assert max(cross) < 0.85


def test_a_long_recording_is_embedded_in_pieces_to_the_same(monkeypatch):
    from tfvc.models.speaker_encoder import model

    encoder = SpeakerEncoder.from_name("ge2e")
    wave = np.random.default_rng(3).normal(0, 0.1, 16000 * 8).astype(np.float32)
    whole = encoder.embed_utterance(wave, 16000)
    monkeypatch.setattr(model, "_WINDOWS_AT_ONCE", 3)
    # Of length one. Rounding is 1e-7; one window left out changes the mean by 2e-4.
    assert np.linalg.norm(encoder.embed_utterance(wave, 16000) - whole) <= 1e-5
