"""Which weights are these? A name for the numbers of a network, however they are stored."""

import hashlib

import keras
import numpy as np

from tfvc.weights.crossing import state_dict


def weights_sha256(model: keras.Model) -> str:
    """SHA-256 of a model's weights: the same on every machine, under every version of every library.

    Taken over the torch keys, sorted, each with the shape of its tensor and its numbers as little-endian float32
    (integers as int64). It depends neither on the file they came from nor on the model's precision in memory.
    """
    digest = hashlib.sha256()
    for key, value in sorted(state_dict(model).items()):
        dtype = "<f4" if np.issubdtype(value.dtype, np.floating) else "<i8"
        digest.update(f"{key} {list(value.shape)}\n".encode())
        digest.update(np.ascontiguousarray(value, dtype).tobytes())
    return digest.hexdigest()
