"""A small synthetic corpus, good and bad files, and what `prepare` makes of it."""

import contextlib
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tfvc.audio import named_spec, write
from tfvc.common.maker import Maker
from tfvc.data import Embedder, FeatureSet, outcomes, prepare, worker

SPEC = named_spec("hifigan_22k")
SHARD_BYTES = 150_000


def spectrum_embedding(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """A cheap embedding: the recording's coarse spectrum, unit length [16]."""
    bands = np.array_split(np.abs(np.fft.rfft(wave, 4096)), 16)
    energies = np.array([band.mean() for band in bands], dtype=np.float32) + 1e-3
    return energies / np.linalg.norm(energies)


def load_spectrum_embedding():
    """What `EMBEDDER` gives to each process."""
    return spectrum_embedding


EMBEDDER = Embedder(Maker("spectrum", "0" * 64), 16, load_spectrum_embedding)


def prepare_cheaply(corpus, out, **changes):
    """`prepare` with the cheap embedding and small shards, unless told otherwise."""
    return prepare(corpus, out, SPEC, **({"embedder": EMBEDDER, "shard_bytes": SHARD_BYTES} | changes))


def good_corpus(parent: Path) -> Path:
    """A corpus of the good files alone, free to be changed."""
    (parent / "corpus").mkdir(parents=True)
    write_good_files(parent / "corpus")
    return parent / "corpus"


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
    def processes(work, count):
        worker.configure(work.corpus, work.sample_rate, work.extractors)
        yield InProcess()

    monkeypatch.setattr(outcomes, "processes", processes)


@pytest.fixture
def no_workers(monkeypatch):
    """Starting a worker process is an error."""

    def refuse(*_):
        raise AssertionError("a worker was started")

    monkeypatch.setattr(outcomes, "processes", refuse)


def voice(seconds: float, rate: int, pitch: float, seed: int = 0) -> np.ndarray:
    """float32 [seconds * rate]: a harmonic tone of wandering loudness with some noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * pitch * k * time + random.uniform(0, 6)) / k for k in range(1, 12))
    loudness = 0.1 * (1 + np.sin(2 * np.pi * random.uniform(1, 4) * time))
    return (loudness * tone + 0.003 * random.standard_normal(len(time))).astype(np.float32)


def write_good_files(corpus: Path) -> None:
    """Five usable recordings of three speakers, of four formats and several rates."""
    write(corpus / "anna/a.wav", voice(0.9, 16000, 210, 1), 16000)
    write(corpus / "anna/session/b.FLAC", voice(1.3, 22050, 220, 2), 22050)
    (corpus / "bert").mkdir()
    channels = np.stack([voice(0.7, 48000, 110, seed) for seed in range(8)], axis=1)
    soundfile.write(corpus / "bert/eight_channels.wav", channels, 48000, subtype="PCM_24")
    write(corpus / "bert/c.mp3", voice(1.1, 44100, 115, 4), 44100)
    write(corpus / "cara/d.ogg", voice(1.0, 8000, 180, 5), 8000)


def write_bad_files(corpus: Path) -> dict[str, str]:
    """Files that must be reported, each with a word that its reason contains."""
    (corpus / "anna/empty.wav").touch()
    (corpus / "anna/text.wav").write_text("this is a text and no sound\n" * 50)
    broken = voice(0.5, 16000, 200)
    broken[1000:1003] = np.nan
    soundfile.write(corpus / "anna/nan.wav", broken, 16000, subtype="FLOAT")
    soundfile.write(corpus / "bert/one_sample.wav", np.ones(1), 22050)
    write(corpus / "bert/truncated.flac", voice(1.0, 16000, 110), 16000)
    whole = (corpus / "bert/truncated.flac").read_bytes()
    (corpus / "bert/truncated.flac").write_bytes(whole[: len(whole) // 2])
    (corpus / "cara/gone.wav").symlink_to(corpus / "nowhere.wav")
    write(corpus / "stray.wav", voice(0.5, 16000, 200), 16000)
    write(corpus / "cara/d.wav", voice(0.5, 16000, 200), 16000)
    return {
        "anna/empty.wav": "empty",
        "anna/text.wav": "no sound file",
        "anna/nan.wav": "NaN",
        "bert/one_sample.wav": "short",
        "bert/truncated.flac": "",
        "cara/gone.wav": "no such file",
        "stray.wav": "outside any speaker folder",
        "cara/d.wav": "same name as cara/d.ogg",
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """A corpus with good and bad files; not to be changed."""
    folder = tmp_path_factory.mktemp("corpus")
    write_good_files(folder)
    write_bad_files(folder)
    return folder


@pytest.fixture(scope="session")
def prepared(corpus, tmp_path_factory) -> Path:
    """The set made of `corpus` by one process, in several shards; not to be changed."""
    out = tmp_path_factory.mktemp("prepared")
    prepare_cheaply(corpus, out)
    return out


@pytest.fixture(scope="session")
def features(prepared) -> FeatureSet:
    """The set opened."""
    return FeatureSet(prepared)
