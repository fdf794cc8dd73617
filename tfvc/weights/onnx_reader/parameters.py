"""The parameters of a graph under the names that they have in torch."""

import re
from dataclasses import dataclass

import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.onnx_reader.graph import OnnxGraph, OnnxNode

_KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
# Operation -> which input is whose parameter.
_PARAMETERS = {
    "Conv": {1: "weight", 2: "bias"},
    "ConvTranspose": {1: "weight", 2: "bias"},
    "Gemm": {1: "weight", 2: "bias"},
    "Gather": {0: "weight"},
}


@dataclass(frozen=True)
class Parameters:
    """The stored tensors of a graph, sorted.

    Attributes:
        state: torch's state-dict key -> tensor.
        constants: what has no such name: numbers that the exporter made, shapes, folded expressions.
        modules: path of a torch module -> the node that it became, for convolutions and their like.
    """

    state: dict[str, np.ndarray]
    constants: dict[str, np.ndarray]
    modules: dict[str, OnnxNode]


def parameters(graph: OnnxGraph, where: str = "the ONNX file") -> Parameters:
    """Names the stored tensors as torch's state dict did.

    Most keep their key. One that the exporter computed, as it does a weight whose weight normalisation it takes out, or
    calls after an input that is not there, has none: it gets that of the module whose node takes it. The module is
    told by the node's name, "/dec/ups.0/ConvTranspose", or else by the key of the node's bias.

    Raises:
        WeightError: if two different tensors would get one key.
    """
    state = {name: array for name, array in graph.tensors.items() if _KEY.fullmatch(name)}
    modules: dict[str, OnnxNode] = {}
    used = set(state)
    for node in graph.nodes:
        places = _PARAMETERS.get(node.operation, {})
        stored = {kind: node.inputs[i] for i, kind in places.items() if node.inputs[i : i + 1]}
        stored = {kind: name for kind, name in stored.items() if name in graph.tensors}
        path = _module(node, stored)
        if path is None or "weight" not in stored or not _is_weight(node, graph.tensors[stored["weight"]]):
            continue
        modules[path] = node
        for kind, name in stored.items():
            key, array = f"{path}.{kind}", graph.tensors[name]
            if key in state and not np.array_equal(state[key], array):
                raise WeightError(f"{where}: {key} is {name!r} in one place of the graph, and another tensor elsewhere")
            state[key] = array
            used.add(name)
    return Parameters(state, {name: a for name, a in graph.tensors.items() if name not in used}, modules)


def _module(node: OnnxNode, stored: dict[str, str]) -> str | None:
    """The path of the torch module that became a node."""
    scope, _, last = node.name.rpartition("/")
    if scope.startswith("/") and last.startswith(node.operation):
        return scope[1:].replace("/", ".")
    for kind in ("weight", "bias"):
        path, _, name = stored.get(kind, "").rpartition(".")
        if name == kind and _KEY.fullmatch(f"{path}.{kind}"):
            return path
    return None


def _is_weight(node: OnnxNode, array: np.ndarray) -> bool:
    """Looking up a shape or an index is a `Gather` too; an embedding is a table of numbers."""
    return node.operation != "Gather" or (array.ndim == 2 and array.dtype.kind == "f")
