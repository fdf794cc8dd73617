"""The weights a comparison starts from, made by state-dict key and shape and then crossed to Keras.

Values are exact in float32, so that a float64 twin starts from the very same numbers.
"""

import zlib
from collections.abc import Mapping
from functools import partial

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.sides.lazy_arrays import LazyArrays

MODES = ("coded", "constant", "random")


def initial_state(state: Mapping[str, np.ndarray], mode: str = "coded", seed: int = 0) -> LazyArrays:
    """A state dict with the keys and shapes of `state` and new values; integer tensors are kept.

    Values are made when they are looked at, always the same ones.

    - `constant`: all elements of a tensor alike; gains and variances 1, biases and means 0, matrices and kernels
      1 / fan-in, so that each unit averages what it sees. The method of the Day14 article, which takes ones
      throughout: those suit one layer, but in a model of full size they saturate every LSTM and carry the gradient
      beyond the range of float64, in torch as in Keras. Blind to every permutation of equal weights.
    - `coded`: each tensor is a fixed permutation of equally spaced levels, so that no two elements of a tensor
      are alike (up to 2**23 elements, where float32 runs out of levels) and none may change places unseen.
    - `random`: uniform values of the same spread, drawn from `seed`.

    The spread keeps activations of order 1 in deep networks: weights of variance 1 / fan-in, norm gains and
    running variances in [0.5, 1.5], biases and running means in [-0.1, 0.1].
    """
    if mode not in MODES:
        raise TfvcError(f"unknown init mode {mode!r}: choose one of {', '.join(MODES)}")
    return LazyArrays({key: partial(_value, key, np.asarray(value), mode, seed) for key, value in state.items()})


def given_state(state: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray], where: str) -> LazyArrays:
    """Weights from elsewhere, such as a checkpoint, as float32.

    Args:
        state: the keys and shapes of the torch module.
        given: the weights under the same keys.
        where: their file, for messages.

    Raises:
        TfvcError: if keys are missing, left over, or of other shapes.
    """
    missing, unknown = sorted(state.keys() - given.keys()), sorted(given.keys() - state.keys())
    for keys, problem in ((missing, "is missing from it"), (unknown, "of it is not in the torch module")):
        if keys:
            more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
            raise TfvcError(f"{where}: {keys[0]} {problem}{more}; give the state dict of the case's torch module")
    for key, value in state.items():
        if given[key].shape != value.shape:
            raise TfvcError(f"{where}: {key} has the shape {given[key].shape}, in the torch module {value.shape}")
    return LazyArrays({key: partial(_as_exact, np.asarray(value)) for key, value in given.items()})


def _as_exact(value: np.ndarray) -> np.ndarray:
    return np.array(value, np.float32 if np.issubdtype(value.dtype, np.floating) else value.dtype)


def _value(key: str, value: np.ndarray, mode: str, seed: int) -> np.ndarray:
    if not np.issubdtype(value.dtype, np.floating):
        return value.copy()
    centre, radius = _centre_and_radius(key, value.shape)
    if mode == "constant":
        return np.full(value.shape, 1.0 / _fan_in(value.shape) if _is_kernel(centre, value) else centre, np.float32)
    if mode == "coded":
        rng = np.random.default_rng(zlib.crc32(key.encode()))
        unit = (2.0 * rng.permutation(value.size) + 1.0) / value.size - 1.0
    else:
        rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
        unit = rng.uniform(-1.0, 1.0, value.size)
    return (centre + radius * unit).reshape(value.shape).astype(np.float32)


def _centre_and_radius(key: str, shape: tuple[int, ...]) -> tuple[float, float]:
    name = key.rpartition(".")[2]
    if name in ("running_var", "weight_g", "original0") or (name in ("weight", "gamma") and len(shape) == 1):
        return 1.0, 0.5
    if name == "weight_u" or (name == "weight_v" and len(shape) == 1):  # spectral norm divides by their product with W
        return 1.0, 0.5
    if len(shape) <= 1:
        return 0.0, 0.1
    return 0.0, float(np.sqrt(3.0 / _fan_in(shape)))


def _is_kernel(centre: float, value: np.ndarray) -> bool:
    return centre == 0 and value.ndim > 1


def _fan_in(shape: tuple[int, ...]) -> int:
    """Inputs of one unit; for the kernel of a transposed convolution, torch's own count."""
    return int(np.prod(shape[1:]))
