"""Reading the shards of a feature set at random, with their checksums."""

import mmap
import threading
import zlib

import numpy as np
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.data.manifest import Utterance


def damaged(path: str, problem: str) -> TfvcError:
    """The error for a file of a set that is not as it was written."""
    return TfvcError(f"{path} is damaged: {problem}; run tfvc prepare again or copy the set anew")


class Shards:
    """The records of a set's utterances.

    Opening compares the size of every shard with the manifest; the checksum of a record is verified when it is first
    touched. Local shards are mapped into memory, so that a crop costs no more than its own bytes; `gs://`, `s3://` and
    the like are read through `tf.io.gfile`, a request a crop. Safe to use from many threads.

    Args:
        folder: of the shards.
        utterances: those that lie in them.

    Raises:
        TfvcError: a shard is missing or of another size; also from the methods.
    """

    def __init__(self, folder: str, utterances: list[Utterance]):
        self._folder = folder
        self._utterances = utterances
        self._check_sizes()
        self._maps: dict[str, mmap.mmap] = {}
        self._lock = threading.Lock()
        self._verified = np.zeros(len(utterances), dtype=bool)

    def read(self, index: int, offset: int, length: int) -> bytes:
        """A piece of an utterance's record; `offset` counts from the record's start."""
        if not self._verified[index]:
            self.verify(index)
        utterance = self._utterances[index]
        return self._slice(utterance.shard, utterance.offset + offset, length)

    def verify(self, index: int) -> None:
        """Reads the record of an utterance and compares its checksum."""
        utterance = self._utterances[index]
        payload = self._slice(utterance.shard, utterance.payload_offset, utterance.payload_length)
        if zlib.crc32(payload) != utterance.crc32:
            raise damaged(self._path(utterance.shard), f"checksum of {utterance.id} differs")
        self._verified[index] = True

    def _slice(self, shard: str, offset: int, length: int) -> bytes:
        path = self._path(shard)
        if "://" not in path:
            return self._map(shard, path)[offset : offset + length]
        with tf.io.gfile.GFile(path, "rb") as stream:
            stream.seek(offset)
            return stream.read(length)

    def _map(self, shard: str, path: str) -> mmap.mmap:
        with self._lock:
            if shard not in self._maps:
                with open(path, "rb") as stream:
                    self._maps[shard] = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            return self._maps[shard]

    def _check_sizes(self) -> None:
        ends: dict[str, int] = {}
        for utterance in self._utterances:
            ends[utterance.shard] = max(ends.get(utterance.shard, 0), utterance.offset + utterance.length)
        for shard, end in ends.items():
            try:
                size = tf.io.gfile.stat(self._path(shard)).length
            except tf.errors.OpError:
                raise damaged(self._path(shard), "it is missing") from None
            if size != end:
                raise damaged(self._path(shard), f"{size} bytes instead of {end}")

    def _path(self, shard: str) -> str:
        return "/".join((self._folder, shard))
