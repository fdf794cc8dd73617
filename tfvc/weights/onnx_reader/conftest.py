"""Writes ONNX files field by field, as onnx/onnx.proto numbers them."""

import struct

import numpy as np
import pytest

TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array, raw=True, packed=True):
    shape = b"".join(map(varint, array.shape))
    dims = field(1, shape) if packed else b"".join(field(1, n) for n in array.shape)
    head = dims + field(2, TYPES[array.dtype.name]) + field(8, name)
    if raw:
        return head + field(9, array.astype(array.dtype.newbyteorder("<")).tobytes())
    if array.dtype == np.float32:
        return head + field(4, array.astype("<f4").tobytes())
    if array.dtype == np.float64:
        return head + field(10, array.astype("<f8").tobytes())
    numbers = array.view(np.uint16) if array.dtype == np.float16 else array
    content = b"".join(varint(int(n)) for n in numbers.ravel())
    return head + field(7 if array.dtype == np.int64 else 5, content)


def attribute(name, value):
    if isinstance(value, tuple):
        return field(1, name) + b"".join(field(8, n) for n in value) + field(20, 7)
    if isinstance(value, np.ndarray):
        return field(1, name) + field(5, tensor("", value))
    return field(1, name) + field({float: 2, int: 3, str: 4}[type(value)], value)


def node(operation, name, inputs, outputs=(), **attributes):
    content = b"".join([field(1, i) for i in inputs] + [field(2, o) for o in outputs])
    content += field(3, name) + field(4, operation)
    return content + b"".join(field(5, attribute(*item)) for item in attributes.items())


def model(tensors=(), nodes=(), inputs=()):
    graph = b"".join(field(1, n) for n in nodes) + field(2, "graph") + b"".join(field(5, t) for t in tensors)
    graph += b"".join(field(11, field(1, name)) for name in inputs)
    return field(1, 8) + field(2, "pytorch") + field(7, graph)


@pytest.fixture
def written(tmp_path):
    """Writes a file and gives its path."""

    def write(data, name="voice.onnx"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
