"""How fast recordings become features, and features batches."""

import tempfile
import time
from pathlib import Path

import numpy as np

from tfvc.audio import named_spec, write
from tfvc.data import Crops, FeatureSet, batches, prepare
from tfvc.training.embedding import embedder

SPEAKERS, RECORDINGS, SECONDS, RATE = 4, 5, 6, 22050
BATCH, FRAMES = 16, 128


def measure(training_step_ms: float | None) -> dict:
    """Of a drawn corpus of two minutes.

    Args:
        training_step_ms: of the AutoVC step that takes such batches, if it was timed.

    Returns:
        `prepare_audio_s_per_s`, seconds of recordings that one process prepares in a second, speaker embeddings
        included; `batches_per_s` of the input pipeline alone; `batches_over_training`, that over what training takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        corpus, out = Path(folder, "corpus"), Path(folder, "data")
        rng = np.random.default_rng(0)
        for i in range(SPEAKERS * RECORDINGS):
            path = corpus / f"speaker{i % SPEAKERS}" / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, (0.1 * rng.standard_normal(SECONDS * RATE)).astype(np.float32), RATE)
        start = time.perf_counter()
        prepare(corpus, out, named_spec("hifigan_22k"), embedder("ge2e"))
        prepared = SPEAKERS * RECORDINGS * SECONDS / (time.perf_counter() - start)
        rate = _batches(out)
    eaten = 1e3 / training_step_ms if training_step_ms else None
    return {
        "prepare_audio_s_per_s": prepared,
        "batches_per_s": rate,
        "batches_over_training": rate / eaten if eaten else None,
    }


def _batches(data: Path, count: int = 300) -> float:
    wants = ("mel", "speaker_embedding")
    crops = iter(batches(FeatureSet(data), wants, Crops(frames=FRAMES, batch_size=BATCH, seed=0)))
    for _ in range(20):
        next(crops)
    start = time.perf_counter()
    for _ in range(count):
        next(crops)
    return count / (time.perf_counter() - start)
