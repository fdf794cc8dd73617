"""The wire format of Protocol Buffers: numbered fields, one after the other."""

import struct
from collections.abc import Iterator

import numpy as np

from tfvc.weights.torch_reader.refusal import Refusal

Value = int | memoryview

# Bytes of a number: 64 bits, seven a byte.
_LONGEST = 10
_DAMAGED = "truncated or damaged, or not an ONNX file; get the file again"


def fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    """The fields of a message in order: (number, value); a value is an integer, or the bytes of anything longer.

    Raises:
        Refusal: if a field goes beyond the message, or has no such type.
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(data, place)
        else:
            if kind == 2:
                length, place = _varint(data, place)
            elif kind in (1, 5):
                length = 8 if kind == 1 else 4
            else:
                raise Refusal(_DAMAGED)
            if length > len(data) - place:
                raise Refusal(_DAMAGED)
            value, place = data[place : place + length], place + length
        yield tag >> 3, value


def integers(value: Value) -> list[int]:
    """A repeated integer field: one number, or several packed."""
    return packed(value).tolist()


def packed(value: Value) -> np.ndarray:
    """A repeated integer field as int64 `[n]`, in memory of the order of what the file has."""
    if isinstance(value, int):
        return np.array([signed(value)], np.int64)
    data = np.frombuffer(value, np.uint8)
    ends = np.flatnonzero(data < 0x80)
    starts = np.concatenate([[0], ends + 1]).astype(np.int64)
    lengths = ends + 1 - starts[:-1]
    if starts[-1] != len(data) or max(lengths, default=0) > _LONGEST:
        raise Refusal(_DAMAGED)
    numbers = np.zeros(len(ends), np.uint64)
    for k in range(int(max(lengths, default=0))):
        has = lengths > k
        part = data[starts[:-1][has] + k].astype(np.uint64) & np.uint64(0x7F)
        numbers[has] |= part << np.uint64(7 * k)
    return numbers.view(np.int64)


def message(value: Value) -> memoryview:
    """A field that is a message, a text or bytes."""
    if isinstance(value, int):
        raise Refusal(_DAMAGED)
    return value


def text(value: Value) -> str:
    """A field that is a text."""
    return bytes(message(value)).decode("utf-8", errors="replace")


def integer(value: Value) -> int:
    """A field that is an integer with a sign."""
    if not isinstance(value, int):
        raise Refusal(_DAMAGED)
    return signed(value)


def single(value: Value) -> float:
    """A field that is a float32."""
    if isinstance(value, int) or len(value) != 4:
        raise Refusal(_DAMAGED)
    return struct.unpack("<f", value)[0]


def signed(number: int) -> int:
    """Negative numbers are written as 64 bits in two's complement."""
    return number - (1 << 64) if number >> 63 else number


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 7 * _LONGEST, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & ((1 << 64) - 1), place
    raise Refusal(_DAMAGED)
