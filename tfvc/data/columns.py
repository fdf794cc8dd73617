"""How each thing that a batch can have is read: the columns of its rows.

| name                | a row                                                                                  |
|---------------------|----------------------------------------------------------------------------------------|
| a feature with hop  | the frames that the plan asks for; what an utterance lacks is silence                  |
| without open axis   | the array as it is                                                                     |
| with an open axis   | the whole array, padded with zeros to the longest of the batch; not for crops          |
| `<name>_length`     | int32 []: how much of the row of that feature is the utterance's, along the first axis  |
| `speaker_embedding` | float32 [256]: the mean embedding of the utterance's speaker                           |
"""

from typing import Protocol

import numpy as np

from tfvc.audio import extract_mel
from tfvc.common.errors import TfvcError
from tfvc.data.feature_set import FeatureSet
from tfvc.data.plans import Rows
from tfvc.data.schema import EMBEDDING, MEL

SPEAKER_EMBEDDING = "speaker_embedding"
_LENGTH = "_length"
_SILENCE_SECONDS = 2


class Column(Protocol):
    """One entry of a batch.

    Attributes:
        dtype: of what `load` gives.
    """

    dtype: np.dtype

    def shape(self, frames: int | None) -> tuple[int | None, ...]:
        """Of a row of so many frames; None for an axis that varies."""

    def load(self, indices: list[int], rows: Rows) -> np.ndarray:
        """`[rows, ...]` of the utterances with these indices."""


class Timed:
    """A feature that runs with the samples."""

    def __init__(self, features: FeatureSet, name: str, frame: int):
        self._features, self._name = features, name
        feature = features.schema[name]
        self.dtype = feature.read_type
        self._row_shape = feature.row_shape
        self._steps = steps_per_frame(features, name, frame)
        self._padding = _silence(features) if name == MEL else 0

    def shape(self, frames):
        return (None if frames is None else frames * self._steps, *self._row_shape)

    def load(self, indices, rows):
        batch = np.empty((len(indices), *self.shape(rows.frames)), self.dtype)
        for row, index, start, count in zip(batch, indices, rows.starts, rows.counts, strict=True):
            piece = self._features.array(index, self._name, int(start) * self._steps, int(count) * self._steps)
            row[: len(piece)] = piece
            row[len(piece) :] = self._padding
        return batch


class Constant:
    """A feature of one shape."""

    def __init__(self, features: FeatureSet, name: str):
        self._features, self._name = features, name
        self.dtype = features.schema[name].read_type
        self._shape = features.schema[name].shape

    def shape(self, frames):
        return self._shape

    def load(self, indices, rows):
        return np.stack([self._features.array(index, self._name) for index in indices])


class Whole:
    """A feature with an open axis that does not run with the samples."""

    def __init__(self, features: FeatureSet, name: str):
        self._features, self._name = features, name
        self.dtype = features.schema[name].read_type
        self._row_shape = features.schema[name].row_shape

    def shape(self, frames):
        if frames is not None:
            raise TfvcError(
                f"{self._name} cannot be cut into crops; ask for it with a plan of whole utterances, Buckets"
            )
        return (None, *self._row_shape)

    def load(self, indices, rows):
        arrays = [self._features.array(index, self._name) for index in indices]
        batch = np.zeros((len(arrays), max(map(len, arrays)), *self._row_shape), self.dtype)
        for row, array in zip(batch, arrays, strict=True):
            row[: len(array)] = array
        return batch


class Length:
    """How much of the rows of a feature is not padding."""

    dtype = np.dtype(np.int32)

    def __init__(self, features: FeatureSet, name: str, frame: int):
        self._utterances, self._name = features.utterances, name
        self._steps = steps_per_frame(features, name, frame) if features.schema[name].hop else None

    def shape(self, frames):
        return ()

    def load(self, indices, rows):
        present = np.array([self._utterances[index].steps(self._name) for index in indices])
        if self._steps:
            present = np.clip(present - rows.starts * self._steps, 0, rows.counts * self._steps)
        return present.astype(self.dtype)


class SpeakerEmbedding:
    """The mean embedding of the utterance's speaker."""

    dtype = np.dtype(np.float32)

    def __init__(self, features: FeatureSet):
        self._utterances = features.utterances
        self._means = {speaker: features.speaker_embedding(speaker) for speaker in features.speakers}
        self._shape = features.schema[EMBEDDING].shape

    def shape(self, frames):
        return self._shape

    def load(self, indices, rows):
        return np.stack([self._means[self._utterances[index].speaker] for index in indices])


def column(features: FeatureSet, name: str, frame: int) -> Column:
    """The column of that name, cut in frames of so many samples. Raises TfvcError where the set cannot give it."""
    if name == SPEAKER_EMBEDDING:
        return SpeakerEmbedding(features)
    measured = name.removesuffix(_LENGTH)
    if name not in features.schema and measured in features.schema and features.schema[measured].is_open:
        return Length(features, measured, frame)
    features.require(name)
    feature = features.schema[name]
    if feature.hop:
        return Timed(features, name, frame)
    return Whole(features, name) if feature.is_open else Constant(features, name)


def frame_of(features: FeatureSet, wants: tuple[str, ...]) -> int:
    """Samples of a frame: the largest hop of what is wanted, or of the set where waveforms alone are wanted."""
    hops = {name: features.schema[name].hop for name in features.schema if features.schema[name].hop}
    wanted = max((hops[name] for name in wants if name in hops), default=1)
    return wanted if wanted > 1 else max(hops.values())


def frames_of(features: FeatureSet, index: int, wants: tuple[str, ...], frame: int) -> int:
    """Frames of an utterance that all that is wanted of it has whole."""
    timed = [name for name in wants if name in features.schema and features.schema[name].hop]
    timed = timed or [name for name in features.schema if features.schema[name].hop]
    utterance = features.utterances[index]
    return min(utterance.steps(name) // steps_per_frame(features, name, frame) for name in timed)


def steps_per_frame(features: FeatureSet, name: str, frame: int) -> int:
    """Steps of a feature in a frame of so many samples. Raises TfvcError where they are no whole number."""
    hop = features.schema[name].hop
    if frame % hop:
        raise TfvcError(
            f"a frame of {frame} samples is no whole number of steps of {name}, {hop} each; read them apart"
        )
    return frame // hop


def _silence(features: FeatureSet) -> np.ndarray:
    """float32 [n_mels]: the mel of digital silence, away from the ends of the recording."""
    mel = extract_mel(np.zeros(_SILENCE_SECONDS * features.spec.sample_rate), features.spec)
    return mel[len(mel) // 2]
