"""The set that `prepare` is building: finished shards, each with the outcomes it covers, safe against a kill.

A shard becomes visible by a rename, and counts only once the list of its outcomes lies beside it (written after it,
by a rename too). Continuing takes the finished shards over as far as they agree with the corpus as it is now.
"""

import os
import shutil
import zlib
from pathlib import Path

from tfvc.common.atomic import atomic_file
from tfvc.data import layout
from tfvc.data.corpus import Source
from tfvc.data.manifest import Outcome, Utterance, from_line, stems_from, to_line


class Staging:
    """Collects outcomes in corpus order into shards below `folder`.

    A shard is closed as soon as it holds `shard_bytes`, so that what goes where depends on the corpus only.
    """

    def __init__(self, folder: Path, shard_bytes: int):
        self.folder = folder
        self.shard_bytes = shard_bytes
        self.outcomes: list[Outcome] = []
        self._shard = 0
        self._open_outcomes: list[Outcome] = []
        self._payloads: list[bytes] = []
        self._size = 0

    def resume(self, sources: list[Source]) -> int:
        """Takes over the finished shards that agree with `sources`, drops the rest; returns their outcomes' number."""
        self.folder.mkdir(exist_ok=True)
        while (finished := self._finished(self._shard, sources)) is not None:
            self.outcomes += finished
            self._shard += 1
        keep = {layout.FEATURES} | {name for n in range(self._shard) for name in (layout.shard_name(n), _list_name(n))}
        for path in self.folder.iterdir():
            if path.name not in keep:
                path.unlink()
        return len(self.outcomes)

    def add(self, outcome: Outcome, payload: bytes | None) -> None:
        """Appends the next outcome; an utterance comes with its payload and gets its place in the shard."""
        self._open_outcomes.append(outcome)
        if payload is None:
            return
        self._payloads.append(payload)
        self._size += outcome.length
        if self._size >= self.shard_bytes:
            self._close_shard()

    @property
    def place(self) -> tuple[str, int]:
        """Shard and offset that the next utterance will have."""
        return layout.shard_name(self._shard), self._size

    def close(self) -> None:
        """Writes what is still open."""
        if self._open_outcomes:
            self._close_shard()

    def _close_shard(self) -> None:
        import tensorflow as tf

        if self._payloads:
            with atomic_file(self.folder / layout.shard_name(self._shard)) as temporary:
                with tf.io.TFRecordWriter(str(temporary)) as writer:
                    for payload in self._payloads:
                        writer.write(payload)
                _flush_to_disk(temporary)
        layout.write_lines(self.folder / _list_name(self._shard), map(to_line, self._open_outcomes))
        self.outcomes += self._open_outcomes
        self._shard += 1
        self._open_outcomes, self._payloads, self._size = [], [], 0

    def _finished(self, number: int, sources: list[Source]) -> list[Outcome] | None:
        """The outcomes of a finished shard, or None where it is absent, damaged, or not what `sources` call for."""
        try:
            lines = (self.folder / _list_name(number)).read_text(encoding="utf-8").splitlines()
            outcomes = [from_line(line) for line in lines]
        except (OSError, ValueError):
            return None
        here = sources[len(self.outcomes) : len(self.outcomes) + len(outcomes)]
        if len(here) != len(outcomes) or not all(map(stems_from, outcomes, here)):
            return None
        sizes = [outcome.length for outcome in outcomes if isinstance(outcome, Utterance)]
        full = sum(sizes) >= self.shard_bytes and isinstance(outcomes[-1], Utterance)
        last = len(self.outcomes) + len(outcomes) == len(sources)
        if sum(sizes[:-1]) >= self.shard_bytes or not (full or last):
            return None
        return outcomes if self._intact(number, outcomes) else None

    def _intact(self, number: int, outcomes: list[Outcome]) -> bool:
        utterances = [outcome for outcome in outcomes if isinstance(outcome, Utterance)]
        if not utterances:
            return True
        path = self.folder / layout.shard_name(number)
        try:
            return all(read_payload(path, utterance) is not None for utterance in utterances)
        except OSError:
            return False


def read_payload(shard: Path, utterance: Utterance) -> bytes | None:
    """The serialised Example from a local shard, or None where its bytes are not the recorded ones. Raises OSError."""
    with open(shard, "rb") as stream:
        stream.seek(utterance.payload_offset)
        payload = stream.read(utterance.payload_length)
    return payload if zlib.crc32(payload) == utterance.crc32 else None


def publish(out: Path) -> None:
    """Puts a completely staged set in the place of the present one; may be repeated after a kill at any point.

    The staged `manifest.jsonl` says that the staged set is complete. While the files are exchanged `out` has no
    manifest, so that nobody reads old places in new shards; it appears last.
    """
    staged = out / layout.NEXT
    if not (staged / layout.MANIFEST).exists():
        return
    (out / layout.MANIFEST).unlink(missing_ok=True)
    shards = out / layout.SHARDS
    shards.mkdir(exist_ok=True)
    lines = (staged / layout.MANIFEST).read_text(encoding="utf-8").splitlines()
    wanted = {from_line(line).shard for line in lines}
    for path in shards.glob("*.tfrecord"):
        if path.name not in wanted:
            path.unlink()
    for path in staged.glob("*.tfrecord"):
        os.replace(path, shards / path.name)
    for name in (layout.FEATURES, layout.SPEAKERS, layout.ERRORS, layout.MANIFEST):
        if (staged / name).exists():
            os.replace(staged / name, out / name)
    shutil.rmtree(staged)


def _list_name(number: int) -> str:
    return f"{layout.shard_name(number)}.jsonl"


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as stream:
        os.fsync(stream.fileno())
