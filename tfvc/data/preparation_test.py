import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest

from tfvc.audio import MelSpec, read, write
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet, preparation, prepare, worker
from tfvc.data.conftest import (
    SHARD_BYTES,
    SPEC,
    contents,
    spectrum_embedding,
    voice,
    write_bad_files,
    write_good_files,
)
from tfvc.data.earlier_set import Published


def prepare_cheaply(corpus, out, **kwargs):
    return prepare(corpus, out, SPEC, **({"embed": spectrum_embedding, "shard_bytes": SHARD_BYTES} | kwargs))


class InProcess(Executor):
    """Does the work at once and here: what matters is not where it is done."""

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def in_process(monkeypatch):
    """Spares a test the seconds that a worker process needs to start."""

    @contextlib.contextmanager
    def pool(corpus, spec, embed, jobs):
        worker.configure(corpus, spec, embed)
        yield InProcess()

    monkeypatch.setattr(preparation, "_pool", pool)


@pytest.fixture
def no_workers(monkeypatch):
    """Starting a worker process is an error."""

    def refuse(*_):
        raise AssertionError("a worker was started")

    monkeypatch.setattr(preparation, "_pool", refuse)


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
    expected = write_bad_files(_good_corpus(tmp_path))
    errors = [json.loads(line) for line in (prepared / "errors.jsonl").read_text().splitlines()]
    assert {error["file"] for error in errors} == set(expected)
    for error in errors:
        assert expected[error["file"]] in error["reason"]
        assert "\n" not in error["reason"]


def test_an_utterance_is_what_the_audio_and_the_spec_give(corpus, features):
    for index, utterance in enumerate(features.utterances):
        content = features.read(index)
        wave, _ = read(corpus / utterance.file, SPEC.sample_rate)
        assert np.abs(content["wave"] - np.clip(wave, -1, 1)).max() <= 1 / 32768
        assert utterance.samples == len(wave)
        assert utterance.seconds == len(wave) / SPEC.sample_rate
        np.testing.assert_array_equal(content["mel"], SPEC.extract(content["wave"]))
        np.testing.assert_array_equal(content["embedding"], spectrum_embedding(content["wave"], 22050))
        assert (content["id"], content["speaker"]) == (utterance.id, utterance.file.split("/")[0])


def test_a_speaker_has_the_mean_of_its_embeddings(features):
    for speaker in features.speakers:
        own = [features.embedding(i) for i, u in enumerate(features.utterances) if u.speaker == speaker]
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


def test_a_second_run_does_nothing_and_touches_nothing(corpus, prepared, no_workers):
    def snapshot():
        return {path: path.stat().st_mtime_ns for path in [prepared, *prepared.rglob("*")]}

    before = snapshot()
    summary = prepare_cheaply(corpus, prepared)
    assert summary.up_to_date
    assert summary.computed == 0
    assert (summary.utterances, summary.speakers, summary.errors) == (5, 3, 8)
    assert snapshot() == before


def test_changed_added_and_removed_files_are_noticed(prepared, tmp_path, in_process):
    corpus, out = _good_corpus(tmp_path), tmp_path / "out"
    prepare_cheaply(corpus, out)
    (corpus / "anna/a.wav").unlink()
    write(corpus / "bert/c.mp3", voice(0.6, 44100, 130, 9), 44100)
    write(corpus / "bert/new.wav", voice(0.6, 16000, 130, 10), 16000)
    (corpus / "cara/d.flac").write_bytes(b"takes the name of d.ogg")
    summary = prepare_cheaply(corpus, out)
    # c.mp3, new.wav and d.flac are read; b.FLAC and eight_channels.wav are taken over; d.ogg lost its name.
    assert (summary.computed, summary.utterances, summary.errors) == (3, 4, 2)
    prepare_cheaply(corpus, tmp_path / "fresh")
    assert contents(out) == contents(tmp_path / "fresh")


@pytest.mark.parametrize("removed", ["anna/a.wav", "anna/text.wav"])
def test_a_removed_file_alone_is_noticed_and_nothing_read_again(corpus, prepared, tmp_path, no_workers, removed):
    fewer = shutil.copytree(corpus, tmp_path / "corpus", symlinks=True)
    out = shutil.copytree(prepared, tmp_path / "out")
    (fewer / removed).unlink()
    summary = prepare_cheaply(fewer, out)
    assert (summary.up_to_date, summary.computed) == (False, 0)
    assert summary.utterances + summary.errors == 12
    assert removed not in (out / "manifest.jsonl").read_text() + (out / "errors.jsonl").read_text()


def test_a_damaged_set_is_repaired(corpus, prepared, tmp_path, in_process):
    out = tmp_path / "out"
    shutil.copytree(prepared, out)
    shard = out / "shards/shard-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1000])
    summary = prepare_cheaply(corpus, out)
    assert 0 < summary.computed < 5
    assert contents(out) == contents(prepared)


def test_killed_at_any_moment_the_next_run_continues(corpus, prepared, tmp_path, in_process):
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", SLOW_RUN, str(corpus), str(out)], cwd=_repository())
    _wait_for(lambda: (out / ".next/shard-00001.tfrecord.jsonl").exists())
    workers = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.jsonl").exists()
    with pytest.raises(TfvcError, match="no complete feature set"):
        FeatureSet(out)
    _wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    # What a kill in the middle of writing leaves behind.
    (out / ".next/.tmp-abc-shard-00002.tfrecord").write_bytes(b"half")
    (out / ".next/shard-00002.tfrecord").write_bytes(b"without its list")

    summary = prepare_cheaply(corpus, out)
    assert summary.computed < 11
    assert contents(out) == contents(prepared)


SLOW_RUN = """
import sys, time
from tfvc.data.preparation_test import prepare_cheaply, slow_spectrum_embedding
prepare_cheaply(sys.argv[1], sys.argv[2], embed=slow_spectrum_embedding)
"""


def slow_spectrum_embedding(wave, sample_rate):
    time.sleep(0.2)
    return spectrum_embedding(wave, sample_rate)


@pytest.mark.parametrize("renames", range(6))
def test_killed_while_the_files_are_exchanged(corpus, prepared, tmp_path, no_workers, monkeypatch, renames):
    """The old set has given way to nothing less than the new one, whichever rename was the last."""
    out = tmp_path / "out"
    _stage_completely(prepared, out)
    assert len(list((out / ".next").iterdir())) == 6
    real, count = os.replace, 0

    def replace_or_die(*args):
        nonlocal count
        if count == renames:
            raise KeyboardInterrupt
        count += 1
        real(*args)

    monkeypatch.setattr("tfvc.data.staging.os.replace", replace_or_die)
    with pytest.raises(KeyboardInterrupt):
        prepare_cheaply(corpus, out)
    with pytest.raises(TfvcError, match="no complete feature set"):
        FeatureSet(out)
    monkeypatch.setattr("tfvc.data.staging.os.replace", real)
    prepare_cheaply(corpus, out)
    assert contents(out) == contents(prepared)


def test_a_run_in_progress_keeps_others_out(corpus, tmp_path, no_workers):
    out = tmp_path / "out"
    with (
        preparation._sole_user(_made(out)),
        pytest.raises(TfvcError, match="being prepared by another process"),
    ):
        prepare_cheaply(corpus, out)


def test_another_spec_is_an_error_that_names_the_fields(corpus, prepared, tmp_path):
    other = dataclasses.replace(SPEC, hop=200, fmax=7600.0)
    with pytest.raises(TfvcError, match=r"hop: 256 != 200.*") as caught:
        prepare(corpus, prepared, other, embed=spectrum_embedding)
    assert "fmax" in str(caught.value)
    interrupted = _made(tmp_path / "out/.next")
    SPEC.save(interrupted / "mel.json")
    with pytest.raises(TfvcError, match="hop: 256 != 200"):
        prepare(corpus, interrupted.parent, other, embed=spectrum_embedding)


def test_output_folders_that_will_not_do(corpus, tmp_path):
    with pytest.raises(TfvcError, match="inside the corpus"):
        prepare_cheaply(corpus, corpus / "anna/out")
    with pytest.raises(TfvcError, match="inside the corpus"):
        prepare_cheaply(corpus, corpus)
    (tmp_path / "file").write_text("")
    with pytest.raises(TfvcError, match="is a file"):
        prepare_cheaply(corpus, tmp_path / "file")
    with pytest.raises(TfvcError, match="cannot be used as output folder"):
        prepare_cheaply(corpus, tmp_path / "file/out")
    (_made(tmp_path / "photos") / "cat.jpg").write_text("")
    with pytest.raises(TfvcError, match=r"holds other things \(cat.jpg\)"):
        prepare_cheaply(corpus, tmp_path / "photos")
    with pytest.raises(TfvcError, match="jobs is 0"):
        prepare_cheaply(corpus, tmp_path / "out", jobs=0)


def test_nothing_usable_is_an_error(tmp_path, in_process):
    _made(tmp_path / "corpus/s")
    (tmp_path / "corpus/s/a.wav").write_text("text")
    with pytest.raises(TfvcError, match=r"no usable audio: none of 1 files; first: .*a\.wav"):
        prepare_cheaply(tmp_path / "corpus", tmp_path / "out")


def test_a_missing_encoder_is_told_in_one_line_and_not_blamed_on_the_files(tmp_path, monkeypatch, in_process):
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(TfvcError, match="tfvc fetch ge2e") as caught:
        prepare(_good_corpus(tmp_path), tmp_path / "out", SPEC)
    assert "\n" not in str(caught.value)


def test_an_error_in_our_own_code_is_not_blamed_on_the_files(tmp_path, in_process):
    with pytest.raises(ZeroDivisionError):
        prepare_cheaply(_good_corpus(tmp_path), tmp_path / "out", embed=broken_embedding)


def broken_embedding(wave, sample_rate):
    return 1 // 0


def test_an_embedding_that_is_not_finite_is_reported(tmp_path, in_process):
    corpus = _good_corpus(tmp_path)
    write(corpus / "cara/silent.wav", np.zeros(8000, np.float32), 16000)
    prepare_cheaply(corpus, tmp_path / "out", embed=unguarded_embedding)
    (error,) = [json.loads(line) for line in (tmp_path / "out/errors.jsonl").read_text().splitlines()]
    assert error["file"] == "cara/silent.wav"
    assert "no finite" in error["reason"]


def unguarded_embedding(wave, sample_rate):
    with np.errstate(invalid="ignore"):
        return wave[4000:4016] / np.linalg.norm(wave)


@pytest.mark.real_data
@pytest.mark.usefixtures("ge2e")
def test_real_voices_are_told_apart(real_data, tmp_path):
    """Cosines of the published speaker encoder: utterances of one speaker are nearer than those of any two."""
    summary = prepare(real_data / "vctk4", tmp_path / "out", MelSpec.named("hifigan_22k"), jobs=2)
    assert (summary.utterances, summary.speakers, summary.errors) == (40, 4, 0)
    features = FeatureSet(tmp_path / "out")
    embeddings = np.stack([features.embedding(index) for index in range(40)])
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


def _good_corpus(tmp_path: Path) -> Path:
    write_good_files(_made(tmp_path / "corpus"))
    return tmp_path / "corpus"


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _repository() -> Path:
    return Path(__file__).resolve().parents[2]


def _stage_completely(prepared: Path, out: Path) -> None:
    """Makes `out` an older set with everything of `prepared` staged, ready to be exchanged."""
    shutil.copytree(prepared, out / ".next")
    for shard in (out / ".next/shards").iterdir():
        shard.rename(out / ".next" / shard.name)
    (out / ".next/shards").rmdir()
    shutil.copytree(prepared, out, dirs_exist_ok=True)
    (out / "manifest.jsonl").write_text("".join((out / "manifest.jsonl").read_text().splitlines(True)[:2]))
    (out / "shards/shard-00099.tfrecord").write_bytes(b"of the older set")
    assert len(Published(out).outcomes) < 13


def _wait_for(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
