"""A prepared feature set, read at random."""

import json
import mmap
import threading
import zlib

import numpy as np
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.data import layout
from tfvc.data.manifest import Utterance, from_line
from tfvc.data.record import FLOAT_DTYPE, FULL_SCALE, WAVE_DTYPE


class FeatureSet:
    """What `prepare` wrote: utterances with waveform, mel and speaker embedding.

    Opening reads the lists and compares the size of every shard with them; the checksum of an utterance is verified
    when it is first touched. Local shards are mapped into memory, so that a crop costs no more than its own bytes;
    `gs://`, `s3://` and the like are read through `tf.io.gfile`, a request a crop. Safe to use from many threads.

    Args:
        path: the folder, local or any that `tf.io.gfile` opens.

    Attributes:
        spec: the `MelSpec` of the mels.
        utterances: list of `Utterance`, in the order of their ids.
        speakers: names, sorted.

    Raises:
        TfvcError: not a feature set, not completely prepared, or damaged; also from the reading methods.

    Example:
        features = FeatureSet("prepared")
        mel = features.mel(0)                       # [frames, n_mels]
    """

    def __init__(self, path):
        self.path = str(path).rstrip("/")
        if not tf.io.gfile.exists(self._join(layout.MANIFEST)):
            raise TfvcError(f"{self.path} is no complete feature set (no {layout.MANIFEST}); run tfvc prepare")
        self.spec = self._parsed(layout.MEL, MelSpec.from_json)
        self.utterances: list[Utterance] = self._parsed(layout.MANIFEST, _utterances)
        self._embeddings: dict[str, np.ndarray] = self._parsed(layout.SPEAKERS, _embeddings)
        self.speakers = sorted(self._embeddings)
        if set(self.speakers) != {utterance.speaker for utterance in self.utterances}:
            raise self._damaged(layout.SPEAKERS, "its speakers are not those of the manifest")
        self._check_sizes()
        self._maps: dict[str, mmap.mmap] = {}
        self._lock = threading.Lock()
        self._verified = np.zeros(len(self.utterances), dtype=bool)

    def __len__(self) -> int:
        return len(self.utterances)

    @property
    def seconds(self) -> float:
        """Seconds of audio in all."""
        return sum(utterance.seconds for utterance in self.utterances)

    def speaker_embedding(self, speaker: str) -> np.ndarray:
        """float32 [256]: mean of the embeddings of the speaker's utterances (not scaled to unit length)."""
        if speaker not in self._embeddings:
            raise TfvcError(f"{self.path} has no speaker {speaker!r}; it has {', '.join(self.speakers[:5])} ...")
        return self._embeddings[speaker]

    def mel(self, index: int, start: int = 0, frames: int | None = None) -> np.ndarray:
        """float32 [frames, n_mels]: `frames` frames from `start`, or as many as there are (all by default)."""
        utterance = self.utterances[index]
        stop = utterance.frames if frames is None else min(utterance.frames, start + frames)
        row = self.spec.n_mels * FLOAT_DTYPE.itemsize
        raw = self._bytes(index, utterance.mel_offset + start * row, (stop - start) * row)
        return np.frombuffer(raw, FLOAT_DTYPE).reshape(-1, self.spec.n_mels)

    def wave(self, index: int, start: int = 0, samples: int | None = None) -> np.ndarray:
        """float32 [samples] in [-1, 1]: `samples` samples from `start`, or as many as there are (all by default)."""
        utterance = self.utterances[index]
        stop = utterance.samples if samples is None else min(utterance.samples, start + samples)
        size = WAVE_DTYPE.itemsize
        raw = self._bytes(index, utterance.wave_offset + start * size, (stop - start) * size)
        return np.frombuffer(raw, WAVE_DTYPE).astype(np.float32) / np.float32(FULL_SCALE)

    def embedding(self, index: int) -> np.ndarray:
        """float32 [256]: the embedding of this one utterance."""
        utterance = self.utterances[index]
        size = utterance.embedding_size * FLOAT_DTYPE.itemsize
        return np.frombuffer(self._bytes(index, utterance.embedding_offset, size), FLOAT_DTYPE)

    def read(self, index: int) -> dict:
        """All of an utterance: id, speaker, wave [samples], mel [frames, n_mels], embedding [256]."""
        utterance = self.utterances[index]
        return {
            "id": utterance.id,
            "speaker": utterance.speaker,
            "wave": self.wave(index),
            "mel": self.mel(index),
            "embedding": self.embedding(index),
        }

    def verify(self) -> None:
        """Reads everything once and compares all checksums."""
        for index in range(len(self)):
            self._verify(index)

    def _bytes(self, index: int, offset: int, length: int) -> bytes:
        """A piece of an utterance's record; `offset` counts from the record's start."""
        if not self._verified[index]:
            self._verify(index)
        utterance = self.utterances[index]
        return self._slice(utterance.shard, utterance.offset + offset, length)

    def _verify(self, index: int) -> None:
        utterance = self.utterances[index]
        payload = self._slice(utterance.shard, utterance.payload_offset, utterance.payload_length)
        if zlib.crc32(payload) != utterance.crc32:
            raise self._damaged(f"{layout.SHARDS}/{utterance.shard}", f"checksum of {utterance.id} differs")
        self._verified[index] = True

    def _slice(self, shard: str, offset: int, length: int) -> bytes:
        path = self._join(layout.SHARDS, shard)
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
        for utterance in self.utterances:
            problem = _misfit(utterance, self.spec.n_mels)
            if problem:
                raise self._damaged(layout.MANIFEST, f"{utterance.id}: {problem}")
            ends[utterance.shard] = max(ends.get(utterance.shard, 0), utterance.offset + utterance.length)
        for shard, end in ends.items():
            try:
                size = tf.io.gfile.stat(self._join(layout.SHARDS, shard)).length
            except tf.errors.OpError:
                raise self._damaged(f"{layout.SHARDS}/{shard}", "it is missing") from None
            if size != end:
                raise self._damaged(f"{layout.SHARDS}/{shard}", f"{size} bytes instead of {end}")

    def _parsed(self, name: str, parse):
        try:
            with tf.io.gfile.GFile(self._join(name), "rb") as stream:
                return parse(stream.read().decode("utf-8"))
        except tf.errors.OpError:
            raise self._damaged(name, "it cannot be read") from None
        except (ValueError, TfvcError) as error:
            raise self._damaged(name, str(error)) from None

    def _damaged(self, name: str, problem: str) -> TfvcError:
        return TfvcError(f"{self._join(name)} is damaged: {problem}; run tfvc prepare again or copy the set anew")

    def _join(self, *names: str) -> str:
        return "/".join((self.path, *names))


def _utterances(text: str) -> list[Utterance]:
    utterances = [from_line(line) for line in text.splitlines()]
    if not utterances or not all(isinstance(utterance, Utterance) for utterance in utterances):
        raise ValueError("it lists no utterances")
    return utterances


def _embeddings(text: str) -> dict[str, np.ndarray]:
    try:
        embeddings = {
            speaker: np.asarray(entry["embedding"], dtype=np.float32) for speaker, entry in json.loads(text).items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("it is no table of speakers") from error
    if len({embedding.shape for embedding in embeddings.values()}) != 1 or any(
        embedding.ndim != 1 for embedding in embeddings.values()
    ):
        raise ValueError("its embeddings are not vectors of one size")
    return embeddings


def _misfit(utterance: Utterance, n_mels: int) -> str | None:
    """Why the numbers of a manifest line cannot be true, or None."""
    arrays = (
        (utterance.wave_offset, utterance.samples * WAVE_DTYPE.itemsize),
        (utterance.mel_offset, utterance.frames * n_mels * FLOAT_DTYPE.itemsize),
        (utterance.embedding_offset, utterance.embedding_size * FLOAT_DTYPE.itemsize),
    )
    if "/" in utterance.shard or utterance.offset < 0:
        return "its place is not inside the set"
    if any(offset < 0 or size <= 0 or offset + size > utterance.length for offset, size in arrays):
        return "its arrays do not fit into its record"
    return None
