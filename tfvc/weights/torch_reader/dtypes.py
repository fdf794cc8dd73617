"""Element types of torch: how each lies in a file and as what it becomes a NumPy array.

What NumPy has not (bfloat16, four of the float8) widens to float32, which holds each of their values. NaNs come out
with the bits that torch's own `.float()` gives them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

_NAN = 0x7FC00000  # float32's quiet NaN
_NAN_OF_FNUZ = 0x7F800001  # what c10/util/Float8_fnuz_cvt.h gives


@dataclass(frozen=True)
class TorchDtype:
    """An element type.

    Attributes:
        name: as torch spells it, without `torch.`.
        raw: the elements as they lie in a file, in this machine's byte order.
        array: the elements of the NumPy array.
        widen: writes raw elements [n] into an array's [n]; None where both are the same.
    """

    name: str
    raw: np.dtype
    array: np.dtype
    widen: Callable[[np.ndarray, np.ndarray], None] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"torch.{self.name}"


def _widen_bfloat16(raw: np.ndarray, out: np.ndarray) -> None:
    np.left_shift(raw, np.uint32(16), out=out.view(np.uint32), dtype=np.uint32)


def _widen_float8(name: str, raw: np.ndarray, out: np.ndarray) -> None:
    np.take(_float8_values(name), raw, out=out, mode="clip")


@cache
def _float8_values(name: str) -> np.ndarray:
    """The value of each of the 256 codes, float32 [256]."""
    mantissa_bits = 3 if name.startswith("float8_e4m3") else 2
    fnuz = name.endswith("fnuz")  # finite, no negative zero: one NaN where -0 would be, and a bias greater by one
    bias = (1 << (6 - mantissa_bits)) - 1 + fnuz
    codes = np.arange(256)
    sign, exponent = codes >> 7, (codes & 0x7F) >> mantissa_bits
    mantissa = codes & ((1 << mantissa_bits) - 1)
    significand = np.where(exponent == 0, mantissa, mantissa + (1 << mantissa_bits))
    values = np.ldexp(significand.astype(np.float64), np.maximum(exponent, 1) - bias - mantissa_bits)
    values = np.where(sign, -values, values).astype(np.float32)
    bits = values.view(np.uint32)
    nan_bits = (sign.astype(np.uint32) << 31) | _NAN | (mantissa << (23 - mantissa_bits)).astype(np.uint32)
    if fnuz:
        bits[0x80] = _NAN_OF_FNUZ
    elif name == "float8_e4m3fn":  # no infinity; only the greatest code of either sign is NaN
        bits[[0x7F, 0xFF]] = nan_bits[[0x7F, 0xFF]]
    else:
        top = exponent == 31
        bits[top] = np.where(mantissa[top] == 0, np.uint32(0x7F800000) | (bits[top] & 0x80000000), nan_bits[top])
    return values


def _same(name: str) -> TorchDtype:
    return TorchDtype(name, np.dtype(name), np.dtype(name))


_WIDENED = [
    TorchDtype("bfloat16", np.dtype(np.uint16), np.dtype(np.float32), _widen_bfloat16),
    *(
        TorchDtype(name, np.dtype(np.uint8), np.dtype(np.float32), partial(_widen_float8, name))
        for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    ),
]

_SAME = (
    *("float64", "float32", "float16", "complex128", "complex64", "bool"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"),
)

DTYPES = {dtype.name: dtype for dtype in (*map(_same, _SAME), *_WIDENED)}

# torch.FloatStorage and its like, on any device.
STORAGES = {
    "DoubleStorage": DTYPES["float64"],
    "FloatStorage": DTYPES["float32"],
    "HalfStorage": DTYPES["float16"],
    "BFloat16Storage": DTYPES["bfloat16"],
    "LongStorage": DTYPES["int64"],
    "IntStorage": DTYPES["int32"],
    "ShortStorage": DTYPES["int16"],
    "CharStorage": DTYPES["int8"],
    "ByteStorage": DTYPES["uint8"],
    "BoolStorage": DTYPES["bool"],
    "ComplexFloatStorage": DTYPES["complex64"],
    "ComplexDoubleStorage": DTYPES["complex128"],
    "UntypedStorage": DTYPES["uint8"],
}
