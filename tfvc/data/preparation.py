"""`prepare`: a folder of recordings -> the feature set that training reads."""

import contextlib
import multiprocessing
import os
import shutil
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.data import layout, worker
from tfvc.data.corpus import Source, scan
from tfvc.data.earlier_set import Published, check_spec
from tfvc.data.manifest import Outcome, Refusal, Utterance, to_line
from tfvc.data.record import FLOAT_DTYPE, FRAME_FOOTER, FRAME_HEADER, EncodedUtterance
from tfvc.data.staging import Staging, publish

# Called with (files done, files in all) in corpus order.
Progress = Callable[[int, int], None]

_OWN_NAMES = {layout.MEL, layout.SPEAKERS, layout.MANIFEST, layout.ERRORS, layout.SHARDS, layout.NEXT}
_IN_FLIGHT_PER_JOB = 8


@dataclass(frozen=True)
class PrepareSummary:
    """What a run of `prepare` did.

    Attributes:
        utterances, speakers, seconds: what the set holds now.
        errors: files that could not be taken (see `errors.jsonl`).
        computed: files read in this run; the others were taken over from an earlier one.
        up_to_date: nothing had to be done, and no file was touched.
    """

    utterances: int
    speakers: int
    seconds: float
    errors: int
    computed: int
    up_to_date: bool


def prepare(
    corpus: str | os.PathLike,
    out: str | os.PathLike,
    spec: MelSpec,
    jobs: int = 1,
    progress: Progress | None = None,
    embed: worker.Embed | None = None,
    shard_bytes: int = 64 * 2**20,
) -> PrepareSummary:
    """Writes waveform, mel and speaker embedding of every recording in `corpus` to `out`.

    `corpus` is `CORPUS/<speaker>/**/*.{wav,flac,mp3,ogg}`; `out` is described in `tfvc.data.layout` and is read with
    `FeatureSet`. The same corpus and spec give the same bytes whatever `jobs` is and however often the run was
    interrupted: killed at any moment, the next run continues. A run on a finished set takes over what has not changed
    (by size and time of modification) and touches nothing where that is everything. Unusable files are listed in
    `errors.jsonl` and skipped.

    Args:
        corpus: a local folder.
        out: a local folder outside `corpus`; the finished set may be copied to any `tf.io.gfile` storage.
        spec: the `MelSpec` of the mels; waveforms are kept at its sample rate.
        jobs: number of worker processes (spawned: guard a calling script with `if __name__ == "__main__"`).
        progress: called with (files done, files in all).
        embed: waveform float32 [T] and sample rate -> embedding [E]; a picklable function. Default: the `ge2e`
            speaker encoder. Continuing a set relies on its being the same.
        shard_bytes: a shard is closed once it holds so much.

    Raises:
        TfvcError: no corpus, no usable audio in it, `out` unusable or prepared with another spec, encoder missing.
    """
    corpus, out = Path(corpus), Path(out)
    if jobs < 1:
        raise TfvcError(f"jobs is {jobs}; at least one process is needed")
    sources = scan(corpus)
    _claim(out, corpus)
    with _sole_user(out):
        check_spec(out, spec)
        check_spec(out / layout.NEXT, spec)
        publish(out)
        published = Published(out)
        if published.is_result_of(sources):
            shutil.rmtree(out / layout.NEXT, ignore_errors=True)
            return _summary(list(published.outcomes.values()), computed=0, up_to_date=True)
        staging = Staging(out / layout.NEXT, shard_bytes)
        done = staging.resume(sources)
        spec.save(staging.folder / layout.MEL)
        computed = 0
        if progress:
            progress(done, len(sources))
        for outcome, payload, is_new in _outcomes(sources[done:], published, corpus, spec, embed, jobs):
            staging.add(_placed(outcome, staging), payload)
            computed += is_new
            done += 1
            if progress:
                progress(done, len(sources))
        staging.close()
        _finish(staging, corpus)
        publish(out)
        return _summary(staging.outcomes, computed, up_to_date=False)


def _claim(out: Path, corpus: Path) -> None:
    """Makes `out` a folder that this run may fill, or says why not."""
    inner, outer = out.resolve(), corpus.resolve()
    if inner == outer or outer in inner.parents:
        raise TfvcError(f"{out} lies inside the corpus {corpus}; choose an output folder elsewhere")
    if out.exists() and not out.is_dir():
        raise TfvcError(f"{out} is a file; choose another output folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out.iterdir() if not path.name.startswith(".tmp-")}
    except OSError as error:
        raise TfvcError(f"{out} cannot be used as output folder ({error.strerror}); choose another") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise TfvcError(f"{out} is not writable; choose another output folder")
    if names - _OWN_NAMES:
        foreign = sorted(names - _OWN_NAMES)[0]
        raise TfvcError(f"{out} holds other things ({foreign}); choose a new or empty output folder")


@contextlib.contextmanager
def _sole_user(out: Path) -> Iterator[None]:
    """Keeps two runs from filling one folder. The lock ends with its process and leaves no file behind."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TfvcError(f"{out} is being prepared by another process; wait for it to end") from error
    finally:
        os.close(handle)


def _outcomes(
    sources: list[Source],
    published: Published,
    corpus: Path,
    spec: MelSpec,
    embed: worker.Embed | None,
    jobs: int,
) -> Iterator[tuple[Outcome, bytes | None, bool]]:
    """Outcome, payload and whether it was worked out now, for each source in order."""
    waiting: deque[tuple[Source, Future | tuple[Outcome, bytes | None]]] = deque()
    with contextlib.ExitStack() as stack:
        pool = None
        for source in sources:
            result = published.outcome_of(source)
            if result is None and source.refusal is not None:
                result = Refusal(source.file, source.refusal, False, source.bytes, source.mtime_ns), None
            if result is None:
                if pool is None:
                    pool = stack.enter_context(_pool(corpus, spec, embed, min(jobs, len(sources))))
                result = pool.submit(worker.work, source)
            waiting.append((source, result))
            if len(waiting) >= _IN_FLIGHT_PER_JOB * jobs:
                yield _collect(*waiting.popleft(), spec)
        while waiting:
            yield _collect(*waiting.popleft(), spec)


def _collect(
    source: Source, result: Future | tuple[Outcome, bytes | None], spec: MelSpec
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
    return _utterance(source, encoded, spec), encoded.payload, True


@contextlib.contextmanager
def _pool(corpus: Path, spec: MelSpec, embed: worker.Embed | None, jobs: int) -> Iterator[ProcessPoolExecutor]:
    with worker.worker_environment():
        pool = ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), worker.start, (corpus.resolve(), spec, embed)
        )
        # A process is started by each task that finds none idle, and inherits the environment of that moment.
        for _ in range(jobs):
            pool.submit(os.getpid)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _utterance(source: Source, encoded: EncodedUtterance, spec: MelSpec) -> Utterance:
    return Utterance(
        id=source.id,
        speaker=source.speaker,
        file=source.file,
        seconds=encoded.samples / spec.sample_rate,
        samples=encoded.samples,
        frames=encoded.frames,
        shard="",
        offset=0,
        length=len(encoded.payload) + FRAME_HEADER + FRAME_FOOTER,
        crc32=zlib.crc32(encoded.payload),
        wave_offset=encoded.wave_offset,
        mel_offset=encoded.mel_offset,
        embedding_offset=encoded.embedding_offset,
        embedding_size=encoded.embedding_size,
        source_bytes=source.bytes,
        source_mtime_ns=source.mtime_ns,
    )


def _placed(outcome: Outcome, staging: Staging) -> Outcome:
    if isinstance(outcome, Refusal):
        return outcome
    shard, offset = staging.place
    return replace(outcome, shard=shard, offset=offset)


def _finish(staging: Staging, corpus: Path) -> None:
    """Writes the lists of a completely staged set, the manifest last: it declares the set complete."""
    utterances = [outcome for outcome in staging.outcomes if isinstance(outcome, Utterance)]
    refusals = [outcome for outcome in staging.outcomes if isinstance(outcome, Refusal)]
    if not utterances:
        raise TfvcError(f"{corpus} has no usable audio: none of {len(refusals)} files; first: {refusals[0].reason}")
    layout.write_json(staging.folder / layout.SPEAKERS, _speakers(staging.folder, utterances))
    layout.write_lines(staging.folder / layout.ERRORS, map(to_line, refusals))
    layout.write_lines(staging.folder / layout.MANIFEST, map(to_line, utterances))


def _speakers(shards: Path, utterances: list[Utterance]) -> dict:
    """Mean embedding and amount of speech of each speaker, in the order of their names."""
    by_speaker: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        by_speaker.setdefault(utterance.speaker, []).append(utterance)
    return {
        speaker: {
            "utterances": len(own),
            "seconds": sum(utterance.seconds for utterance in own),
            "embedding": _mean_embedding(shards, own).tolist(),
        }
        for speaker, own in sorted(by_speaker.items())
    }


def _mean_embedding(shards: Path, utterances: list[Utterance]) -> np.ndarray:
    rows = []
    for utterance in utterances:
        with open(shards / utterance.shard, "rb") as stream:
            stream.seek(utterance.offset + utterance.embedding_offset)
            rows.append(np.fromfile(stream, FLOAT_DTYPE, utterance.embedding_size))
    return np.mean(rows, axis=0, dtype=np.float64).astype(np.float32)


def _summary(outcomes: list[Outcome], computed: int, up_to_date: bool) -> PrepareSummary:
    utterances = [outcome for outcome in outcomes if isinstance(outcome, Utterance)]
    return PrepareSummary(
        utterances=len(utterances),
        speakers=len({utterance.speaker for utterance in utterances}),
        seconds=sum(utterance.seconds for utterance in utterances),
        errors=len(outcomes) - len(utterances),
        computed=computed,
        up_to_date=up_to_date,
    )
