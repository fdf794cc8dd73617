"""What the sections of a protocol draw: no recording serves twice where that would flatter the result."""

import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tfvc.audio import MelSpec, Recording
from tfvc.benchmark.config import LongRecordingConfig, ParallelConfig, UnseenConfig
from tfvc.benchmark.long_recording import LongRecording
from tfvc.benchmark.parallel import Parallel
from tfvc.benchmark.unseen import Unseen

RATE = 22050


def experiment(speakers: dict[str, list[str]], **others) -> SimpleNamespace:
    found = {speaker: [Path(file) for file in files] for speaker, files in speakers.items()}
    return SimpleNamespace(
        data=Path("data"),
        model="model",
        vocoder="vocoder",
        seed=3,
        spec=MelSpec.named("hifigan_22k"),
        speakers=lambda corpus: found,
        unknown_speakers=lambda presets, corpus, named: found,
        evaluation=lambda *metrics, same_timing: None,
        **others,
    )


def test_sentences_voices_and_judges_are_apart():
    files = {name: [f"{name}_{number:03}.wav" for number in range(first, 9)] for name, first in (("a", 1), ("b", 2))}
    section = Parallel(ParallelConfig("twins", 3), experiment(files))
    for name in "ab":
        said = set(section.said[name].values())
        assert {file.name for file in said} == {f"{name}_{number:03}.wav" for number in (6, 7, 8)}
        sets = [said, set(section.voices[name]), set(section.judges[name])]
        assert not any(one & other for one, other in itertools.combinations(sets, 2))
        assert set.union(*sets) == {Path(file) for file in files[name]}
    assert section.jobs == [(a, b, sentence) for a, b in ("ab", "ba") for sentence in ("006", "007", "008")]


def test_pairs_are_drawn_by_seed_and_judged_by_the_other_half():
    def read(path: Path) -> Recording:
        return Recording(np.arange(10.0), 16000, path.name)

    speakers = {name: [f"{name}.wav"] for name in "abcdefg"}
    section, again = (Unseen(UnseenConfig("crowd", 12), experiment(speakers, read=read)) for _ in range(2))
    assert section.jobs == again.jobs
    assert len(set(section.jobs)) == 12
    assert all(own != other for own, other in section.jobs)
    first, second = section.halves["a"]
    assert np.concatenate([first.wave, second.wave]).tolist() == list(range(10))


@pytest.mark.parametrize("lengths", [(2.5,), (1.2, 0.9, 2.1), (7.9,)])
def test_a_long_recording_is_made_of_whole_windows(lengths):
    """Of 5 s in windows of a second; what is shorter than a window is left out."""

    def read(path: Path) -> Recording:
        seconds = float(path.stem)
        return Recording(np.arange(round(seconds * RATE)) + 1000.0 * seconds, RATE)

    section = LongRecording(
        LongRecordingConfig("crowd", "", 5.0, 1.0), experiment({"a": [f"{x}.wav" for x in lengths]}, read=read)
    )
    starts = np.concatenate([[1000 * x + RATE * i for i in range(int(x))] for x in lengths])
    assert section.recording.wave[::RATE].tolist() == np.resize(starts, 5).tolist()
    assert section.recording.seconds == 5
