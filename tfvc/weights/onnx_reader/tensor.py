"""A stored tensor of ONNX: `TensorProto` in onnx/onnx.proto."""

import math

import numpy as np

from tfvc.weights.onnx_reader.wire import Value, fields, integer, integers, message, packed, text
from tfvc.weights.torch_reader.dtypes import DTYPES
from tfvc.weights.torch_reader.refusal import Refusal, shown

# The numbers of element types, and torch's names for them.
_TYPES = {
    1: DTYPES["float32"],
    2: DTYPES["uint8"],
    3: DTYPES["int8"],
    4: DTYPES["uint16"],
    5: DTYPES["int16"],
    6: DTYPES["int32"],
    7: DTYPES["int64"],
    9: DTYPES["bool"],
    10: DTYPES["float16"],
    11: DTYPES["float64"],
    12: DTYPES["uint32"],
    13: DTYPES["uint64"],
    16: DTYPES["bfloat16"],
}
# Fields with the elements of a type, where they are not `raw_data`; those of 16 bits and less lie in int32s.
_FLOATS, _INT32S, _INT64S, _RAW, _DOUBLES, _UINT64S = 4, 5, 7, 9, 10, 11


def read_tensor(data: memoryview) -> tuple[str, np.ndarray]:
    """The name and the array of a tensor.

    Raises:
        Refusal: if its elements lie elsewhere, are not as many as its shape says, or of a type that NumPy has not.
    """
    shape, kind, name, content = [], 0, "", {}
    for number, value in fields(data):
        if number == 1:
            shape += integers(value)
        elif number == 2:
            kind = integer(value)
        elif number == 8:
            name = text(value)
        elif number in (_FLOATS, _INT32S, _INT64S, _RAW, _DOUBLES, _UINT64S):
            content.setdefault(number, []).append(value)
        elif number == 13 or (number == 14 and value == 1):
            raise Refusal(f"the tensor {shown(name)} lies in another file; save the model as one file")
    if kind not in _TYPES:
        raise Refusal(
            f"the tensor {shown(name)} has elements of type {kind}, which NumPy cannot hold; save it as float"
        )
    if min(shape, default=0) < 0:
        raise Refusal(f"damaged, the tensor {shown(name)} has the shape {tuple(shape)}")
    dtype = _TYPES[kind]
    raw = _elements(content, dtype.raw)
    if raw.size != math.prod(shape):
        raise Refusal(f"damaged, the tensor {shown(name)} has {raw.size} elements for the shape {tuple(shape)}")
    array = raw
    if dtype.widen is not None:
        array = np.empty(raw.shape, dtype.array)
        dtype.widen(raw, array)
    return name, array.reshape(shape)


def _elements(content: dict[int, list[Value]], dtype: np.dtype) -> np.ndarray:
    if not content:
        return np.empty(0, dtype)
    if len(content) > 1:
        raise Refusal("damaged, a tensor has its elements in two ways")
    ((number, values),) = content.items()
    if number in (_RAW, _FLOATS, _DOUBLES):
        data = b"".join(bytes(message(value)) for value in values)
        stored = dtype if number == _RAW else np.dtype("f4" if number == _FLOATS else "f8")
        if len(data) % stored.itemsize:
            raise Refusal("damaged, a tensor ends within an element")
        array = np.frombuffer(data, stored.newbyteorder("<"))
        return array.astype(dtype)
    whole = np.concatenate([packed(value) for value in values])
    if dtype == np.float16:  # written as its bits
        return whole.astype(np.uint16).view(dtype)
    return whole.astype(dtype)
