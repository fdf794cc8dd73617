"""Weights that cross between torch and Keras, strictly and bit for bit."""

from tfvc.weights.crossing import Entry, entries, load_state_dict, state_dict, torch_keys
from tfvc.weights.digest import weights_sha256
from tfvc.weights.errors import WeightError
from tfvc.weights.layouts import SAME, Layout, register, rows_of
from tfvc.weights.torch_file import find_state_dict, load_torch_file, read_torch_file, write_torch_file
from tfvc.weights.torch_keys import TorchKeys
from tfvc.weights.weight_norm import is_fused

__all__ = [
    "SAME",
    "Entry",
    "Layout",
    "TorchKeys",
    "WeightError",
    "entries",
    "find_state_dict",
    "is_fused",
    "load_state_dict",
    "load_torch_file",
    "read_torch_file",
    "register",
    "rows_of",
    "state_dict",
    "torch_keys",
    "weights_sha256",
    "write_torch_file",
]
