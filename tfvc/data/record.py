"""One utterance as a `tf.train.Example`, and where its arrays lie inside the bytes.

| feature       | kind  | content                                                                  |
|---------------|-------|--------------------------------------------------------------------------|
| `speaker`     | bytes | name of the speaker's folder, UTF-8                                      |
| `id`          | bytes | path relative to the corpus without the suffix, UTF-8                    |
| `sample_rate` | int64 | samples a second: the mel spec's                                         |
| `wave`        | bytes | int16 little-endian [samples], full scale 32768                          |
| `mel`         | bytes | float32 little-endian [frames, n_mels], row-major                        |
| `frames`      | int64 | number of mel frames                                                     |
| `n_mels`      | int64 | number of mel channels                                                   |
| `embedding`   | bytes | float32 little-endian [256]: the speaker embedding of this utterance     |

Arrays are bytes features so that `tf.io.decode_raw` reads them and that a crop can be taken in place.
"""

from dataclasses import dataclass

import numpy as np

WAVE_DTYPE = np.dtype("<i2")
FLOAT_DTYPE = np.dtype("<f4")
FULL_SCALE = 32768.0

# A TFRecord frames its payload: length (8 bytes), checksum of the length (4) | payload | checksum (4).
FRAME_HEADER = 12
FRAME_FOOTER = 4


@dataclass(frozen=True)
class EncodedUtterance:
    """A serialised Example and the byte positions of its arrays, counted from the start of the TFRecord frame."""

    payload: bytes
    samples: int
    frames: int
    wave_offset: int
    mel_offset: int
    embedding_offset: int
    embedding_size: int


def quantise(wave: np.ndarray) -> np.ndarray:
    """float [T] in [-1, 1] -> int16 [T]; louder samples are clipped."""
    return np.clip(np.rint(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(WAVE_DTYPE)


def encode(
    speaker: str, id: str, sample_rate: int, wave: np.ndarray, mel: np.ndarray, embedding: np.ndarray
) -> EncodedUtterance:
    """Serialises an utterance: wave int16 [T], mel [frames, n_mels], embedding [E]. Equal input, equal bytes."""
    import tensorflow as tf

    arrays = {
        "wave": wave.astype(WAVE_DTYPE, copy=False).tobytes(),
        "mel": np.ascontiguousarray(mel, dtype=FLOAT_DTYPE).tobytes(),
        "embedding": embedding.astype(FLOAT_DTYPE, copy=False).tobytes(),
    }
    texts = {name: text.encode("utf-8", "surrogateescape") for name, text in (("speaker", speaker), ("id", id))}
    numbers = {"sample_rate": sample_rate, "frames": mel.shape[0], "n_mels": mel.shape[1]}
    example = tf.train.Example()
    for name, value in (arrays | texts).items():
        example.features.feature[name].bytes_list.value.append(value)
    for name, value in numbers.items():
        example.features.feature[name].int64_list.value.append(value)
    payload = example.SerializeToString(deterministic=True)
    # An array is looked for by its own bytes: whatever place is found holds exactly that array.
    at = {name: FRAME_HEADER + payload.index(value) for name, value in arrays.items()}
    return EncodedUtterance(
        payload=payload,
        samples=wave.shape[0],
        frames=mel.shape[0],
        wave_offset=at["wave"],
        mel_offset=at["mel"],
        embedding_offset=at["embedding"],
        embedding_size=embedding.shape[0],
    )
