"""A run on what an earlier one left: finished, changed, damaged, killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tfvc.audio import write
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet
from tfvc.data.conftest import EMBEDDER, contents, good_corpus, prepare_cheaply, spectrum_embedding, voice
from tfvc.data.earlier_set import Published


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
    corpus, out = good_corpus(tmp_path), tmp_path / "out"
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
import sys
from tfvc.data.preparation_again_test import SLOW, prepare_cheaply
prepare_cheaply(sys.argv[1], sys.argv[2], embedder=SLOW)
"""


def load_slow_spectrum_embedding():
    def embed(waveform, sample_rate):
        time.sleep(0.2)
        return spectrum_embedding(waveform, sample_rate)

    return embed


SLOW = replace(EMBEDDER, load=load_slow_spectrum_embedding)


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
