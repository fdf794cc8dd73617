import json

import numpy as np
import pytest

from tfvc.audio import extract_mel, read, write
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data import Embedder, FeatureSet, prepare
from tfvc.data.conftest import (
    EMBEDDER,
    SPEC,
    contents,
    good_corpus,
    prepare_cheaply,
    spectrum_embedding,
    write_bad_files,
)


def test_good_files_are_prepared_and_bad_ones_reported(corpus, prepared, tmp_path):
    features = FeatureSet(prepared)
    assert [utterance.id for utterance in features.utterances] == [
        "anna/a",
        "anna/session/b",
        "bert/c",
        "bert/eight_channels",
        "cara/d",
    ]
    assert features.spec == SPEC
    expected = write_bad_files(good_corpus(tmp_path))
    errors = [json.loads(line) for line in (prepared / "errors.jsonl").read_text().splitlines()]
    assert {error["file"] for error in errors} == set(expected)
    for error in errors:
        assert expected[error["file"]] in error["reason"]
        assert "\n" not in error["reason"]


def test_an_utterance_is_what_the_audio_and_the_spec_give(corpus, features):
    for index, utterance in enumerate(features.utterances):
        waveform = features.array(index, "waveform")
        read_now, _ = read(corpus / utterance.file, SPEC.sample_rate)
        assert np.abs(waveform - np.clip(read_now, -1, 1)).max() <= 1 / 32768
        assert utterance.steps("waveform") == len(read_now)
        assert utterance.seconds == len(read_now) / SPEC.sample_rate
        np.testing.assert_array_equal(features.array(index, "mel"), extract_mel(waveform, SPEC))
        np.testing.assert_array_equal(features.array(index, "embedding"), spectrum_embedding(waveform, 22050))
        assert utterance.speaker == utterance.file.split("/")[0]


def test_a_speaker_has_the_mean_of_its_embeddings(features):
    for speaker in features.speakers:
        own = [features.array(i, "embedding") for i, u in enumerate(features.utterances) if u.speaker == speaker]
        np.testing.assert_allclose(features.speaker_embedding(speaker), np.mean(own, axis=0), rtol=1e-6)


def test_the_number_of_jobs_changes_no_byte(corpus, prepared, tmp_path):
    calls = []
    summary = prepare_cheaply(corpus, tmp_path / "out", jobs=2, progress=lambda *call: calls.append(call))
    assert contents(tmp_path / "out") == contents(prepared)
    assert len(list((prepared / "shards").iterdir())) > 1
    assert calls == [(done, 13) for done in range(14)]
    # Two of the bad files need not be read to be refused.
    assert (summary.utterances, summary.speakers, summary.errors, summary.computed) == (5, 3, 8, 11)
    assert summary.seconds == pytest.approx(5.0, abs=0.1)
    assert not summary.up_to_date


def test_nothing_usable_is_an_error(tmp_path, in_process):
    (tmp_path / "corpus/s").mkdir(parents=True)
    (tmp_path / "corpus/s/a.wav").write_text("text")
    with pytest.raises(TfvcError, match=r"no usable audio: none of 1 files; first: .*a\.wav"):
        prepare_cheaply(tmp_path / "corpus", tmp_path / "out")


def test_without_an_encoder_there_are_no_embeddings(features, tmp_path, in_process):
    prepare_cheaply(good_corpus(tmp_path), tmp_path / "out", embedder=None)
    plain = FeatureSet(tmp_path / "out")
    assert list(plain.schema) == ["waveform", "mel"]
    assert plain.speaker_encoder is None
    assert plain.speakers == features.speakers
    np.testing.assert_array_equal(plain.array(2, "mel"), features.array(2, "mel"))
    with pytest.raises(TfvcError, match=r"has no embedding, .* prepare it again with --speaker-encoder"):
        plain.speaker_embedding("anna")


def test_an_encoder_that_cannot_be_loaded_is_told_and_not_blamed_on_the_files(tmp_path, in_process):
    with pytest.raises(TfvcError, match="weights are gone"):
        prepare_cheaply(good_corpus(tmp_path), tmp_path / "out", embedder=embedder(load_nothing))


def load_nothing():
    raise TfvcError("weights are gone")


def embedder(load):
    return Embedder(Maker("spectrum"), 16, load)


def test_an_error_in_our_own_code_is_not_blamed_on_the_files(tmp_path, in_process):
    with pytest.raises(ZeroDivisionError):
        prepare_cheaply(good_corpus(tmp_path), tmp_path / "out", embedder=embedder(lambda: broken_embedding))


def broken_embedding(waveform, sample_rate):
    return 1 // 0


def test_an_embedding_of_another_size_is_an_error_of_its_maker(tmp_path, in_process):
    with pytest.raises(ValueError, match=r"embedding has the shape \[16\], expected \[9\]"):
        prepare_cheaply(good_corpus(tmp_path), tmp_path / "out", embedder=Embedder(Maker("spectrum"), 9, EMBEDDER.load))


def test_an_embedding_that_is_not_finite_is_reported(tmp_path, in_process):
    corpus = good_corpus(tmp_path)
    write(corpus / "cara/silent.wav", np.zeros(8000, np.float32), 16000)
    prepare_cheaply(corpus, tmp_path / "out", embedder=embedder(lambda: unguarded_embedding))
    (error,) = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text().splitlines()]
    assert error["file"] == "cara/silent.wav"
    assert "no finite" in error["reason"]


def unguarded_embedding(waveform, sample_rate):
    with np.errstate(invalid="ignore"):
        return waveform[4000:4016] / np.linalg.norm(waveform)


@pytest.mark.real_data
def test_real_voices_are_told_apart(real_data, ge2e, tmp_path):
    """Cosines of the published speaker encoder: utterances of one speaker are nearer than those of any two."""
    summary = prepare(real_data / "vctk4", tmp_path / "out", SPEC, Embedder(Maker("ge2e"), 256, load_ge2e), jobs=2)
    assert (summary.utterances, summary.speakers, summary.errors) == (40, 4, 0)
    features = FeatureSet(tmp_path / "out")
    embeddings = np.stack([features.array(index, "embedding") for index in range(40)])
    speakers = np.array([utterance.speaker for utterance in features.utterances])
    cosines = embeddings @ embeddings.T
    same = speakers[:, None] == speakers
    means = {
        (a, b): cosines[np.ix_(speakers == a, speakers == b)].mean()
        for a in features.speakers
        for b in features.speakers
        if a != b
    }
    assert cosines[same].min() > max(means.values())
    own = [cosines[np.ix_(speakers == a, speakers == a)][~np.eye(10, dtype=bool)].mean() for a in features.speakers]
    assert 0.89 < min(own) < max(own) < 0.94


def load_ge2e():
    from tfvc.models.speaker_encoder import SpeakerEncoder

    return SpeakerEncoder.from_preset("ge2e").embed_utterance
