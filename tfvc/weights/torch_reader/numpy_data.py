"""NumPy's scalars and arrays in a checkpoint: read if they are numbers or text, by our own code.

Of NumPy itself only `dtype` of a code checked here, `frombuffer` and an array's own `__setstate__` see what is in the
file; an array of objects, of records or of dates is refused.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfvc.weights.torch_reader.refusal import Refusal, shown

_CODE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,9})")


@dataclass(eq=False)
class NumpyDtype:
    """Stands for a `numpy.dtype`, whose byte order comes later in the pickle."""

    code: str
    order: str = "="

    def build(self, state: Any) -> None:
        """numpy.dtype.__setstate__: (version, byte order, and nothing of records)"""
        match state:
            case (int(), "<" | ">" | "=" | "|" as order, None, None, None, *_):
                self.order = order
            case _:
                raise Refusal("refused, it holds NumPy records; only numbers and text are read")

    def dtype(self) -> np.dtype:
        return np.dtype(self.code).newbyteorder(self.order)


def _dtype(args: tuple) -> NumpyDtype:
    match args:
        case (str(code), *_) if _CODE.fullmatch(code):
            return NumpyDtype(code)
        case (str(code), *_):
            raise Refusal(f"refused, it holds NumPy's {shown(code)}; only numbers and text are read")
    raise Refusal("damaged, a NumPy dtype is not put together as NumPy does it")


def _scalar(args: tuple) -> np.generic:
    match args:
        case (NumpyDtype() as dtype, bytes(data)) if len(data) == dtype.dtype().itemsize > 0:
            return np.frombuffer(data, dtype.dtype()).astype(dtype.dtype().newbyteorder("="))[0]
    raise Refusal("damaged, a NumPy scalar is not put together as NumPy does it")


class NumpyClass:
    """Stands for `numpy.ndarray`."""


def _reconstruct(args: tuple) -> np.ndarray:
    """An array without contents, which come later in the pickle."""
    match args:
        case (NumpyClass(), (0,), bytes() | str()):
            return np.empty(0, np.uint8)
    raise Refusal("damaged, a NumPy array is not put together as NumPy does it")


def build_array(array: np.ndarray, state: Any) -> None:
    """numpy.ndarray.__setstate__: (version, shape, dtype, Fortran's order, bytes)

    NumPy's own method is called, the one way to give an array its contents in place, once nothing is left to it but
    bytes that fit.
    """
    fresh = array.shape == (0,) and array.dtype == np.uint8
    match state:
        case (int(), tuple(shape), NumpyDtype() as dtype, bool(fortran), bytes(data)) if fresh and _fits(
            shape, dtype, data
        ):
            array.__setstate__((1, shape, dtype.dtype(), fortran, data))
        case _:
            raise Refusal("damaged, a NumPy array is not put together as NumPy does it, or holds objects")


def _fits(shape: tuple, dtype: NumpyDtype, data: bytes) -> bool:
    if len(shape) > 64 or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        return False
    return math.prod(n or 1 for n in shape) < 1 << 58 and math.prod(shape) * dtype.dtype().itemsize == len(data)


NUMPY: dict[str, Any] = {
    f"{package}.{name}": function
    for package in ("numpy.core", "numpy._core")
    for name, function in (("multiarray.scalar", _scalar), ("multiarray._reconstruct", _reconstruct))
}
NUMPY["numpy.dtype"] = _dtype
