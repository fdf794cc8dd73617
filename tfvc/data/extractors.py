"""What makes a feature of a waveform while a corpus is prepared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tfvc.audio import MelSpec, extract_mel
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.data.schema import EMBEDDING, MEL, Feature, embedding_feature, mel_feature

# waveform float32 [samples], sample rate -> array
Extract = Callable[[np.ndarray, int], np.ndarray]


class Extractor(Protocol):
    """Makes a feature; it is sent to the processes of `prepare`, and must be picklable.

    Attributes:
        name: of the feature.
        feature: what is made.
    """

    name: str
    feature: Feature

    def load(self) -> Extract:
        """The function itself, made ready; called once in each process."""


@dataclass(frozen=True)
class MelExtraction:
    """Makes `mel`, float32 `[frames, n_mels]`, by a front-end."""

    spec: MelSpec

    name = MEL

    @property
    def feature(self) -> Feature:
        return mel_feature(self.spec)

    def load(self) -> Extract:
        return lambda waveform, sample_rate: extract_mel(waveform, self.spec)


@dataclass(frozen=True)
class Embedder:
    """Makes `embedding`, float32 `[size]`, by a speaker encoder.

    Attributes:
        maker: the encoder, recorded in the feature set.
        size: values of an embedding.
        load: gives the function from a waveform float32 `[samples]` and its sample rate to its embedding `[size]`. A
            picklable function, called once in each process.
    """

    maker: Maker
    size: int
    load: Callable[[], Extract]

    name = EMBEDDING

    @property
    def feature(self) -> Feature:
        return embedding_feature(self.maker, self.size)


def checked(extractor: Extractor, array: np.ndarray) -> np.ndarray:
    """The array as it is stored.

    Raises:
        TfvcError: not finite.
        ValueError: of another shape than the extractor says, which is its own fault and not that of a file.
    """
    feature = extractor.feature
    array = np.asarray(array, dtype=feature.stored_type)
    if not feature.takes(array.shape):
        raise ValueError(f"{extractor.name} has the shape {list(array.shape)}, expected {list(feature.shape)}")
    if not np.isfinite(array).all():
        raise TfvcError(f"has no finite {extractor.name}; check that it holds speech")
    return array
