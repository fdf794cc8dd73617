import numpy as np
import pytest

from tfvc.audio import named_spec, write
from tfvc.cli.conftest import refused
from tfvc.cli.prepare import prepare
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data import FeatureSet
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two speakers."""
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(0)
    for name in ("anna", "bert"):
        write(folder / name / "a.wav", (0.1 * rng.standard_normal(20000)).astype(np.float32), 16000)
    return folder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """The folder of a small speaker encoder, untrained."""
    config = SpeakerEncoderConfig(units=6, embedding=5, relu=False)
    folder = tmp_path_factory.mktemp("encoders") / "small"
    SpeakerEncoder(config, named_spec("ge2e_16k")).save_to_preset(folder)
    return folder


def test_a_named_encoder_makes_the_embeddings_and_is_recorded(corpus, encoder, tmp_path, monkeypatch):
    maker = Maker("small", "5" * 64)
    monkeypatch.setattr(SpeakerEncoder, "maker", property(lambda self: maker), raising=False)
    prepare(corpus, tmp_path / "out", speaker_encoder=str(encoder), jobs=1)
    features = FeatureSet(tmp_path / "out")
    assert features.speaker_encoder == maker
    expected = SpeakerEncoder.from_preset(encoder).embed_utterance(features.array(1, "waveform"), 22050)
    assert expected.shape == (5,)
    # One LSTM in two processes, whose threads differ; another encoder's embedding of length 1 is off by 1e-1.
    np.testing.assert_allclose(features.array(1, "embedding"), expected, rtol=0, atol=1e-5)

    other = Maker("another", "6" * 64)
    monkeypatch.setattr(SpeakerEncoder, "maker", property(lambda self: other), raising=False)
    with pytest.raises(TfvcError, match=r"embedding: small \(5{12}\) != another \(6{12}\)"):
        prepare(corpus, tmp_path / "out", speaker_encoder=str(encoder), jobs=1)


def test_none_leaves_the_embeddings_out(tfvc, corpus, tmp_path):
    done = tfvc("prepare", corpus, tmp_path / "out", "--speaker-encoder", "none", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert list(FeatureSet(tmp_path / "out").schema) == ["waveform", "mel"]


def test_an_encoder_that_is_not_there_is_told_before_the_work(tfvc, corpus, narrow_preset, tmp_path):
    out = tmp_path / "out"
    assert refused(tfvc("prepare", corpus, out, "--speaker-encoder", "nobody"), "nobody", "no such preset")
    assert refused(tfvc("prepare", corpus, out, "--speaker-encoder", narrow_preset), "holds a autovc model")
    assert not out.exists()
