"""One utterance as a `tf.train.Example`, and where its arrays lie inside the bytes.

| feature        | kind  | content                                                                |
|----------------|-------|------------------------------------------------------------------------|
| `speaker`      | bytes | name of the speaker's folder, UTF-8                                    |
| `id`           | bytes | path relative to the corpus without the suffix, UTF-8                  |
| `<name>`       | bytes | an array of `features.json`, little-endian, row-major                  |
| `<name>/shape` | int64 | its shape                                                              |

Arrays are bytes features so that `tf.io.decode_raw` reads them and that a crop can be taken in place.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfvc.data.schema import FULL_SCALE

# A TFRecord frames its payload: length (8 bytes), checksum of the length (4) | payload | checksum (4).
FRAME_HEADER = 12
FRAME_FOOTER = 4


class Place(NamedTuple):
    """Where an array lies: its first byte, counted from the start of the TFRecord frame, and its shape."""

    offset: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class EncodedUtterance:
    """A serialised Example and the places of its arrays."""

    payload: bytes
    places: dict[str, Place]


def quantise(waveform: np.ndarray) -> np.ndarray:
    """float [T] in [-1, 1] -> int16 [T]; louder samples are clipped."""
    return np.clip(np.rint(waveform * float(FULL_SCALE)), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")


def encode(speaker: str, id: str, arrays: dict[str, np.ndarray]) -> EncodedUtterance:
    """Serialises an utterance's arrays, which must be of the types that are stored. Equal input, equal bytes."""
    import tensorflow as tf

    raw = {name: np.ascontiguousarray(array).tobytes() for name, array in arrays.items()}
    texts = {name: text.encode("utf-8", "surrogateescape") for name, text in (("speaker", speaker), ("id", id))}
    example = tf.train.Example()
    for name, value in (raw | texts).items():
        example.features.feature[name].bytes_list.value.append(value)
    for name, array in arrays.items():
        example.features.feature[f"{name}/shape"].int64_list.value.extend(array.shape)
    payload = example.SerializeToString(deterministic=True)
    # An array is looked for by its own bytes: whatever place is found holds exactly that array.
    places = {name: Place(FRAME_HEADER + payload.index(raw[name]), arrays[name].shape) for name in arrays}
    return EncodedUtterance(payload, places)
