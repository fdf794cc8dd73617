"""Piper's files: the ONNX of a voice (rhasspy/piper, export_onnx.py) and the checkpoint of its training.

In both the network has upstream's names. The exporter has taken out the weight normalisation, what only training
needs (posterior encoder, half of the duration predictor), and folded exp(-logs) of the predictor's first flow.
"""

import re

import numpy as np

from tfvc.weights import WeightError
from tfvc.weights.onnx_reader import OnnxGraph, Parameters, parameters
from tfvc.weights.renaming import Renaming

# Beside the generator, a checkpoint of Lightning has the discriminators.
LIGHTNING = Renaming("Piper's training", ((r"model_g\.(.+)", r"\1"),), left_out=(r"model_d\..+",))

_SCALE = re.compile(r"/(dp/(?:post_)?flows\.\d+)/Exp_output_0")
# Torch's exporter itself folds no more than -logs, and names it after the node that takes it.
_EXPONENTIAL = re.compile(r"/(dp/(?:post_)?flows\.\d+)/Exp")


def from_onnx(graph: OnnxGraph, where: str) -> tuple[dict[str, np.ndarray], Parameters]:
    """The state dict of a voice under upstream's keys, and the graph's parameters as they were found.

    Raises:
        WeightError: naming a table of numbers in the graph that is no parameter of upstream's.
    """
    found = parameters(graph, where)
    state, left = dict(found.state), []
    taken_by = {node.inputs[0]: node.name for node in graph.nodes if node.operation == "Exp" and node.inputs}
    for name, array in found.constants.items():
        scale, exponent = _SCALE.fullmatch(name), _EXPONENTIAL.fullmatch(taken_by.get(name, ""))
        path = (scale or exponent)[1].replace("/", ".") if scale or exponent else None
        if path and f"{path}.m" in state and f"{path}.logs" not in state:
            state[f"{path}.logs"] = -np.log(array) if scale else -array
        elif array.dtype.kind == "f" and array.size > 1:
            left.append(name)
    if left:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise WeightError(f"{where}: the stored tensor {left[0]}{more} is no parameter of VITS; export the voice anew")
    if "enc_p.emb.weight" not in state:
        raise WeightError(f"{where}: no voice of VITS, whose symbol table would be enc_p.emb.weight")
    return state, found
