"""What one process of `prepare` does: audio file -> serialised utterance, or the reason why not.

Workers are spawned, not forked (TensorFlow does not survive a fork), see no accelerator and run single-threaded:
`prepare` scales by the number of processes, and a result does not depend on how many there are.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path

from tfvc.audio import read
from tfvc.common.errors import TfvcError
from tfvc.common.silence import silent_stderr
from tfvc.data.corpus import Source
from tfvc.data.extractors import Extractor, checked
from tfvc.data.record import EncodedUtterance, encode, quantise
from tfvc.data.schema import WAVEFORM, waveform_feature

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


def start(corpus: Path, sample_rate: int, extractors: list[Extractor]) -> None:
    """Process initializer."""
    # An interrupt from the keyboard reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    configure(corpus, sample_rate, extractors)


def configure(corpus: Path, sample_rate: int, extractors: list[Extractor]) -> None:
    """Keeps for `work` what is the same for every file."""
    _state.update(corpus=corpus, sample_rate=sample_rate, extractors=extractors, functions=None)


def work(source: Source) -> EncodedUtterance | str:
    """The utterance of `source`, or in one line why it is unusable."""
    path, rate, extractors = _state["corpus"] / source.file, _state["sample_rate"], _state["extractors"]
    if _state["functions"] is None:
        _state["functions"] = [extractor.load() for extractor in extractors]
    try:
        waveform = quantise(read(path, rate)[0])
        # Features are those of the stored samples, so that a vocoder's pairs fit exactly.
        stored = waveform_feature(rate).decode(waveform)
        made = [function(stored, rate) for function in _state["functions"]]
    except TfvcError as error:
        return str(error)
    try:
        arrays = {extractor.name: checked(extractor, array) for extractor, array in zip(extractors, made, strict=True)}
    except TfvcError as error:
        return f"{path} {error}"
    return encode(source.speaker, source.id, {WAVEFORM: waveform} | arrays)


def _end_with_parent() -> None:
    # A worker whose parent was killed would otherwise wait for work for ever.
    parent_process().join()
    os._exit(1)
