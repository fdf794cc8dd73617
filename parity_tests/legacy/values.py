"""Numbers that both stacks make for themselves, so that neither weights nor inputs of full size need to be kept.

Plain NumPy, exact in float32, and by integer arithmetic alone: no generator of random numbers whose stream a later
NumPy might change.
"""

import zlib

import numpy as np

LARGEST = 1024  # elements of a tensor that is kept whole
# The inputs since this was cleared: what a dump says that it was given.
drawn: dict[str, np.ndarray] = {}
_BUCKETS, _BLOCK = 256, 1 << 18


def draw(key: str, shape: tuple[int, ...], radius: float = 1.0, centre: float = 0.0) -> np.ndarray:
    """Float32 values spread evenly over centre +- radius, the same for a key wherever they are made."""
    return given(key, _draw(key, tuple(shape), radius, centre))


def given(key: str, array: np.ndarray) -> np.ndarray:
    """An input: a dump will have its hash."""
    drawn[key] = array
    return array


def _draw(key: str, shape: tuple[int, ...], radius: float, centre: float = 0.0) -> np.ndarray:
    values = np.empty(int(np.prod(shape)), np.float32)
    for start in range(0, values.size, _BLOCK):
        bits = _hash(key, start, min(_BLOCK, values.size - start)) >> np.uint64(40)
        values[start : start + _BLOCK] = centre + radius * ((2.0 * bits.astype(np.float64) + 1.0) / 2**24 - 1.0)
    return values.reshape(shape)


def weight(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """A weight by Keras 2's name of it (`postnet/conv1d_3/kernel:0`); its spread keeps deep networks of order 1."""
    name = key.rpartition("/")[2].removesuffix(":0")
    if name == "initialized":
        return np.array(True)
    if name in ("g", "gamma", "moving_variance"):
        return _draw(key, shape, 0.5, 1.0)
    if name in ("bias", "beta", "moving_mean"):
        return _draw(key, shape, 0.1)
    return _draw(key, shape, float(np.sqrt(3.0 / np.prod(shape[:-1]))))


def fold(array: np.ndarray) -> np.ndarray:
    """A small tensor as it is; of a large one 256 sums, each element in one of them and with a sign, both drawn.

    Folding is linear and keeps norms on average: an error anywhere, and the noise, are as large behind it as in front.
    """
    array = np.asarray(array)
    if array.size <= LARGEST:
        return array
    flat, sums = array.reshape(-1), np.zeros(_BUCKETS)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK].astype(np.float64)
        bits = _hash("fold", start, block.size)
        signs = 1.0 - 2.0 * (bits & np.uint64(1)).astype(np.float64)
        sums += np.bincount((bits >> np.uint64(56)).astype(np.int64), signs * block, _BUCKETS)
    return sums


def _hash(key: str, start: int, count: int) -> np.ndarray:
    """SplitMix64 of the numbers from `start`, on a stream of the key's own."""
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint64) + (np.uint64(zlib.crc32(key.encode())) << np.uint64(32))
        x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
