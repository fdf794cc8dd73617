"""Weights that cross between torch and Keras, strictly and bit for bit."""

from tfvc.weights import projections, stock_layers, tfvc_layers  # noqa: F401  they register how their layers cross
from tfvc.weights.crossing import entries, load_state_dict, state_dict, torch_keys
from tfvc.weights.digest import weights_sha256
from tfvc.weights.entry import Constant, Declared, Entry, Ignored
from tfvc.weights.errors import WeightError
from tfvc.weights.layer_kinds import entries_of, register
from tfvc.weights.layouts import SAME, Flattened, Layout
from tfvc.weights.parts import Concatenation, Stack, Sum, Tied
from tfvc.weights.torch_file import find_state_dict, load_torch_file, read_torch_file, write_torch_file
from tfvc.weights.torch_keys import TorchKeys
from tfvc.weights.weight_norm import is_fused

__all__ = [
    "SAME",
    "Concatenation",
    "Constant",
    "Declared",
    "Entry",
    "Flattened",
    "Ignored",
    "Layout",
    "Stack",
    "Sum",
    "Tied",
    "TorchKeys",
    "WeightError",
    "entries",
    "entries_of",
    "find_state_dict",
    "is_fused",
    "load_state_dict",
    "load_torch_file",
    "read_torch_file",
    "register",
    "state_dict",
    "torch_keys",
    "weights_sha256",
    "write_torch_file",
]
