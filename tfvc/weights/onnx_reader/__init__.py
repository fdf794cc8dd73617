"""Reads what is stored in an ONNX file, without running it and without the package `onnx`.

That package takes 31 MB and 0.3 s to import for a few fields of a Protocol Buffer. Tensors of a graph, and which node
takes which, are all that is needed to bring weights over.
"""

from tfvc.weights.onnx_reader.graph import OnnxGraph, OnnxNode, read_onnx
from tfvc.weights.onnx_reader.parameters import Parameters, parameters

__all__ = ["OnnxGraph", "OnnxNode", "Parameters", "parameters", "read_onnx"]
