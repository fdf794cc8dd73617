"""A prepared feature set, read at random."""

import json
import math

import numpy as np
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data import format1, layout
from tfvc.data.manifest import Utterance, from_line
from tfvc.data.schema import EMBEDDING, Schema
from tfvc.data.shards import Shards, damaged


class FeatureSet:
    """What `prepare` wrote: named arrays of every utterance, such as `waveform`, `mel` and `embedding`.

    Opening reads the lists and compares the size of every shard with them; the checksum of an utterance is verified
    when it is first touched. Safe to use from many threads.

    Args:
        path: the folder, local or any that `tf.io.gfile` opens.

    Attributes:
        schema: name -> `Feature`: what the arrays are and what made them.
        spec: the `MelSpec` of the mels.
        utterances: list of `Utterance`, in the order of their ids.
        speakers: names, sorted.

    Raises:
        TfvcError: not a feature set, not completely prepared, or damaged; also from the reading methods.

    Example:
        features = FeatureSet("prepared")
        mel = features.array(0, "mel")                       # [frames, n_mels]
    """

    def __init__(self, path):
        self.path = str(path).rstrip("/")
        if not tf.io.gfile.exists(self._join(layout.MANIFEST)):
            raise TfvcError(f"{self.path} is no complete feature set (no {layout.MANIFEST}); run tfvc prepare")
        self.schema, self.utterances = self._lists()
        self.spec: MelSpec = self.schema.mel_spec
        self._table: dict[str, dict] = self._parsed(layout.SPEAKERS, self._speakers)
        self.speakers = sorted(self._table)
        if set(self.speakers) != {utterance.speaker for utterance in self.utterances}:
            raise damaged(self._join(layout.SPEAKERS), "its speakers are not those of the manifest")
        for utterance in self.utterances:
            if problem := _misfit(utterance, self.schema):
                raise damaged(self._join(layout.MANIFEST), f"{utterance.id}: {problem}")
        self._shards = Shards(self._join(layout.SHARDS), self.utterances)

    def __len__(self) -> int:
        return len(self.utterances)

    @property
    def seconds(self) -> float:
        """Seconds of audio in all."""
        return sum(utterance.seconds for utterance in self.utterances)

    @property
    def speaker_encoder(self) -> Maker | None:
        """Whose the embeddings are; None for a set without any."""
        return self.schema.speaker_encoder

    def require(self, name: str) -> None:
        """Raises TfvcError, saying what to do, where the set has no feature of that name."""
        if name not in self.schema:
            remedy = "; prepare it again with --speaker-encoder" if name == EMBEDDING else ""
            raise TfvcError(f"{self.path} has no {name}, it has {', '.join(self.schema)}{remedy}")

    def array(self, index: int, name: str, start: int = 0, steps: int | None = None) -> np.ndarray:
        """A feature of an utterance, or a piece of it.

        Args:
            index: of the utterance.
            name: of the feature.
            start: where the piece begins, along the first axis.
            steps: its length, or as many as there are (all by default).

        Returns:
            `[steps, ...]` with the other axes of the feature; a waveform is float32 in [-1, 1].
        """
        self.require(name)
        feature, place = self.schema[name], self.utterances[index].arrays[name]
        start = min(start, place.shape[0])
        count = place.shape[0] - start if steps is None else min(place.shape[0] - start, steps)
        row = math.prod(feature.row_shape) * feature.stored_type.itemsize
        raw = self._shards.read(index, place.offset + start * row, count * row)
        return feature.decode(np.frombuffer(raw, feature.stored_type).reshape(count, *feature.row_shape))

    def speaker_embedding(self, speaker: str) -> np.ndarray:
        """float32 [256]: mean of the embeddings of the speaker's utterances (not scaled to unit length)."""
        self.require(EMBEDDING)
        self.check_speaker(speaker)
        return self._table[speaker]["embedding"]

    def check_speaker(self, speaker: str) -> None:
        """Raises TfvcError for a name that is none of the set's speakers."""
        if speaker not in self._table:
            raise TfvcError(f"{self.path} has no speaker {speaker!r}; it has {', '.join(self.speakers[:5])} ...")

    def verify(self) -> None:
        """Reads everything once and compares all checksums."""
        for index in range(len(self)):
            self._shards.verify(index)

    def _lists(self) -> tuple[Schema, list[Utterance]]:
        if not tf.io.gfile.exists(self._join(format1.SPEC)):
            return self._parsed(layout.FEATURES, Schema.from_json), self._parsed(layout.MANIFEST, _utterances)
        spec = self._parsed(format1.SPEC, MelSpec.from_json)
        utterances = self._parsed(
            layout.MANIFEST, lambda text: _utterances(text, lambda line: format1.utterance(line, spec))
        )
        return format1.schema_of(spec, utterances), utterances

    def _speakers(self, text: str) -> dict[str, dict]:
        table = json.loads(text)
        if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
            raise ValueError("it is no table of speakers")
        if EMBEDDING not in self.schema:
            return table
        try:
            means = {name: np.asarray(entry["embedding"], dtype=np.float32) for name, entry in table.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("it is no table of speakers with embeddings") from error
        if any(not self.schema[EMBEDDING].takes(mean.shape) for mean in means.values()):
            raise ValueError("its embeddings are not vectors of one size")
        return {name: {**table[name], "embedding": means[name]} for name in table}

    def _parsed(self, name: str, parse):
        path = self._join(name)
        try:
            with tf.io.gfile.GFile(path, "rb") as stream:
                return parse(stream.read().decode("utf-8"))
        except tf.errors.OpError:
            raise damaged(path, "it cannot be read") from None
        except (ValueError, TfvcError) as error:
            raise damaged(path, str(error)) from None

    def _join(self, *names: str) -> str:
        return "/".join((self.path, *names))


def _utterances(text: str, parse=from_line) -> list[Utterance]:
    utterances = [parse(line) for line in text.splitlines()]
    if not utterances or not all(isinstance(utterance, Utterance) for utterance in utterances):
        raise ValueError("it lists no utterances")
    return utterances


def _misfit(utterance: Utterance, schema: Schema) -> str | None:
    """Why a manifest line cannot be true, or None."""
    if "/" in utterance.shard or utterance.offset < 0:
        return "its place is not inside the set"
    if utterance.arrays.keys() != schema.keys():
        return f"it has {', '.join(utterance.arrays)} where the set has {', '.join(schema)}"
    for name, place in utterance.arrays.items():
        size = math.prod(place.shape) * schema[name].stored_type.itemsize
        if not schema[name].takes(place.shape) or place.offset < 0 or place.offset + size > utterance.length:
            return "its arrays do not fit into its record"
    return None
