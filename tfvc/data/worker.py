"""What one process of `prepare` does: audio file -> serialised utterance, or the reason why not.

Workers are spawned, not forked (TensorFlow does not survive a fork), see no accelerator and run single-threaded:
`prepare` scales by the number of processes, and a result does not depend on how many there are.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path

import numpy as np

from tfvc.audio import MelSpec, read
from tfvc.common.errors import TfvcError
from tfvc.common.silence import silent_stderr
from tfvc.data.corpus import Source
from tfvc.data.record import FULL_SCALE, EncodedUtterance, encode, quantise

# waveform float32 [T], sample rate -> embedding [E]
Embed = Callable[[np.ndarray, int], np.ndarray]

_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}

_state: dict = {}


@contextmanager
def worker_environment() -> Iterator[None]:
    """What worker processes must be born with: libraries look at it before any code of ours runs in them.

    Standard error goes nowhere: TensorFlow reports its start on it, once a process, whatever its log level.
    """
    before = {name: os.environ.get(name) for name in _ENVIRONMENT}
    os.environ.update(_ENVIRONMENT)
    try:
        with silent_stderr():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def start(corpus: Path, spec: MelSpec, embed: Embed | None) -> None:
    """Process initializer."""
    # An interrupt from the keyboard reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure(corpus, spec, embed)


def configure(corpus: Path, spec: MelSpec, embed: Embed | None) -> None:
    """Keeps for `work` what is the same for every file; `embed` None stands for the `ge2e` encoder."""
    _state.update(corpus=corpus, spec=spec, embed=embed)


def work(source: Source) -> EncodedUtterance | str:
    """The utterance of `source`, or in one line why it is unusable."""
    spec = _state["spec"]
    if _state["embed"] is None:
        _state["embed"] = ge2e_embedding()
    try:
        path = _state["corpus"] / source.file
        wave = quantise(read(path, spec.sample_rate)[0])
        # Mel and embedding are those of the stored samples, so that a vocoder's pairs fit exactly.
        stored = wave.astype(np.float32) / np.float32(FULL_SCALE)
        mel = spec.extract(stored)
        embedding = np.asarray(_state["embed"](stored, spec.sample_rate), dtype=np.float32)
    except TfvcError as error:
        return str(error)
    if not (np.isfinite(mel).all() and np.isfinite(embedding).all()):
        return f"{path} has no finite mel or embedding; check that it holds speech"
    return encode(source.speaker, source.id, spec.sample_rate, wave, mel, embedding)


def ge2e_embedding() -> Embed:
    """The published GE2E speaker encoder. Raises TfvcError where its weights have not been fetched."""
    from tfvc.models.speaker_encoder import SpeakerEncoder

    return SpeakerEncoder.from_preset("ge2e").embed_utterance


def _end_with_parent() -> None:
    # A worker whose parent was killed would otherwise wait for work for ever.
    parent_process().join()
    os._exit(1)
