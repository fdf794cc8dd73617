"""A graph of ONNX: its stored tensors, its nodes, the names of its inputs (onnx/onnx.proto)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.onnx_reader.tensor import read_tensor
from tfvc.weights.onnx_reader.wire import fields, integer, integers, message, single, text
from tfvc.weights.torch_reader.kinds import HEAD, foreign_kind
from tfvc.weights.torch_reader.refusal import Refusal

# The type of an attribute that is a list of integers, which may be empty.
_INTEGERS = 7


@dataclass(frozen=True)
class OnnxNode:
    """An operation.

    Attributes:
        operation: its type, such as "Conv".
        name: mostly the scope it had in torch, "/dec/ups.0/ConvTranspose".
        inputs, outputs: names of tensors.
        attributes: name -> a number, a text, several numbers, or an array; nothing of subgraphs.
    """

    operation: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class OnnxGraph:
    """What a file holds.

    Attributes:
        tensors: the stored ones by name: parameters, and constants that the exporter made.
        nodes: in the order in which they are run.
        inputs: names of what a caller gives.
    """

    tensors: Mapping[str, np.ndarray]
    nodes: tuple[OnnxNode, ...]
    inputs: tuple[str, ...]


def read_onnx(path: str | os.PathLike) -> OnnxGraph:
    """The graph in a file.

    Raises:
        WeightError: if it cannot be opened, is truncated or foreign, keeps its tensors in other files, or has an
            element type that NumPy cannot hold.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return _model(data)
    except Refusal as refusal:
        kind = foreign_kind(data[:HEAD], len(data))
        raise WeightError(f"{path}: {kind or refusal}") from None


def _model(data: bytes) -> OnnxGraph:
    graphs = [message(value) for number, value in fields(memoryview(data)) if number == 7]
    if len(graphs) != 1:
        raise Refusal("no ONNX model: there is no graph in it")
    nodes, tensors, inputs = [], {}, []
    for number, value in fields(graphs[0]):
        if number == 1:
            nodes.append(_node(message(value)))
        elif number == 5:
            name, array = read_tensor(message(value))
            if name in tensors:
                raise Refusal(f"damaged, the tensor {name!r} is there twice")
            tensors[name] = array
        elif number == 11:
            inputs += [text(part) for field, part in fields(message(value)) if field == 1]
    return OnnxGraph(tensors, tuple(nodes), tuple(name for name in inputs if name not in tensors))


def _node(data: memoryview) -> OnnxNode:
    found: dict[int, list[str]] = {number: [] for number in (1, 2, 3, 4)}
    attributes = {}
    for number, value in fields(data):
        if number in found:
            found[number].append(text(value))
        elif number == 5:
            name, content = _attribute(message(value))
            attributes[name] = content
    operation, name = ("".join(found[number][-1:]) for number in (4, 3))
    return OnnxNode(operation, name, tuple(found[1]), tuple(found[2]), attributes)


def _attribute(data: memoryview) -> tuple[str, Any]:
    name, content, several, kind = "", None, [], None
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number == 2:
            content = single(value)
        elif number == 3:
            content = integer(value)
        elif number == 4:
            content = text(value)
        elif number == 5:
            content = read_tensor(message(value))[1]
        elif number == 8:
            several += integers(value)
        elif number == 20:
            kind = integer(value)
    return name, tuple(several) if several or kind == _INTEGERS else content
