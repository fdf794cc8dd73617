"""A small feature set to train on, and a model to match."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from tfvc.audio import named_spec, write
from tfvc.common.maker import Maker
from tfvc.data import Embedder, prepare
from tfvc.data.conftest import voice
from tfvc.models.autovc import AutoVCConfig, mel_scaling

EMBEDDING = 256


def spectrum_embedding(wave, sample_rate):
    """A cheap embedding of the size that AutoVC takes: the recording's coarse spectrum, unit length."""
    import numpy as np

    bands = np.array_split(np.abs(np.fft.rfft(wave, 4096)), EMBEDDING)
    energies = np.array([band.mean() for band in bands], dtype=np.float32) + 1e-3
    return energies / np.linalg.norm(energies)


def load_spectrum_embedding():
    """What `EMBEDDER` gives to each process."""
    return spectrum_embedding


EMBEDDER = Embedder(Maker("spectrum", "0" * 64), EMBEDDING, load_spectrum_embedding)


def silent(step, words):
    """Nobody watches."""


def losses(run: Path) -> list[dict]:
    """The lines of a run's losses.jsonl."""
    return [json.loads(line) for line in (run / "losses.jsonl").read_text().splitlines()]


def summaries(run: Path) -> list:
    """Everything that a run wrote for TensorBoard, in order."""
    return [
        value
        for file in sorted((run / "logs").iterdir())
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory) -> Path:
    """Four speakers, two recordings each; not to be changed."""
    corpus = tmp_path_factory.mktemp("voices")
    for number, name in enumerate(("anna", "bert", "cara", "dora")):
        for take in range(2):
            write(
                corpus / name / f"{take}.wav",
                voice(1.2 + 0.3 * take, 22050, 100 + 30 * number, 7 * number + take),
                22050,
            )
    return corpus


@pytest.fixture(scope="session")
def feature_folder(corpus_folder, tmp_path_factory) -> Path:
    """The corpus as `prepare` writes it; not to be changed."""
    out = tmp_path_factory.mktemp("features")
    prepare(corpus_folder, out, named_spec("hifigan_22k"), EMBEDDER)
    return out


@pytest.fixture(scope="session")
def narrow() -> AutoVCConfig:
    """An AutoVC that trains in seconds."""
    return AutoVCConfig(
        neck=4,
        freq=8,
        conv_channels=16,
        decoder_lstm1=16,
        decoder_lstm2=16,
        zero_init_postnet=True,
        **mel_scaling(named_spec("hifigan_22k")),
    )
