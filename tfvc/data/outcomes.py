"""What becomes of each source file, worked out by processes or taken over from an earlier run, in order."""

import contextlib
import multiprocessing
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.data import worker
from tfvc.data.corpus import Source
from tfvc.data.earlier_set import Published
from tfvc.data.extractors import Extractor
from tfvc.data.manifest import Outcome, Refusal, Utterance
from tfvc.data.record import FRAME_FOOTER, FRAME_HEADER, EncodedUtterance
from tfvc.data.schema import WAVEFORM

_IN_FLIGHT_PER_JOB = 8


@dataclass(frozen=True)
class Work:
    """What is to be done with a corpus.

    Attributes:
        corpus: the folder.
        sample_rate: of the waveforms.
        extractors: of the other features.
        jobs: number of processes.
    """

    corpus: Path
    sample_rate: int
    extractors: list[Extractor]
    jobs: int


def outcomes(sources: list[Source], published: Published, work: Work) -> Iterator[tuple[Outcome, bytes | None, bool]]:
    """Outcome, payload and whether it was worked out now, for each source in order; not yet placed in a shard."""
    waiting: deque[tuple[Source, Future | tuple[Outcome, bytes | None]]] = deque()
    with contextlib.ExitStack() as stack:
        pool = None
        for source in sources:
            result = published.outcome_of(source)
            if result is None and source.refusal is not None:
                result = Refusal(source.file, source.refusal, False, source.bytes, source.mtime_ns), None
            if result is None:
                if pool is None:
                    pool = stack.enter_context(processes(work, min(work.jobs, len(sources))))
                result = pool.submit(worker.work, source)
            waiting.append((source, result))
            if len(waiting) >= _IN_FLIGHT_PER_JOB * work.jobs:
                yield _collect(*waiting.popleft(), work.sample_rate)
        while waiting:
            yield _collect(*waiting.popleft(), work.sample_rate)


@contextlib.contextmanager
def processes(work: Work, count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of workers."""
    arguments = (work.corpus.resolve(), work.sample_rate, work.extractors)
    with worker.worker_environment():
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), worker.start, arguments)
        # A process is started by each task that finds none idle, and inherits the environment of that moment.
        for _ in range(count):
            pool.submit(os.getpid)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(
    source: Source, result: Future | tuple[Outcome, bytes | None], sample_rate: int
) -> tuple[Outcome, bytes | None, bool]:
    if isinstance(result, tuple):
        return *result, False
    try:
        encoded = result.result()
    except BrokenProcessPool as error:
        raise TfvcError(
            f"a worker process died at or before {source.file} (out of memory, or a calling script without "
            "`if __name__ == '__main__'`); run again with fewer jobs, it continues where it stopped"
        ) from error
    if isinstance(encoded, str):
        return Refusal(source.file, encoded, True, source.bytes, source.mtime_ns), None, True
    return _utterance(source, encoded, sample_rate), encoded.payload, True


def _utterance(source: Source, encoded: EncodedUtterance, sample_rate: int) -> Utterance:
    return Utterance(
        id=source.id,
        speaker=source.speaker,
        file=source.file,
        seconds=encoded.places[WAVEFORM].shape[0] / sample_rate,
        shard="",
        offset=0,
        length=len(encoded.payload) + FRAME_HEADER + FRAME_FOOTER,
        crc32=zlib.crc32(encoded.payload),
        arrays=encoded.places,
        source_bytes=source.bytes,
        source_mtime_ns=source.mtime_ns,
    )
