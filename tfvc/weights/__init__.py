"""Weights that cross between torch and Keras, strictly and bit for bit."""

from tfvc.weights.crossing import Entry, entries, load_state_dict, state_dict
from tfvc.weights.errors import WeightError
from tfvc.weights.torch_file import find_state_dict, load_torch_file, read_torch_file, write_torch_file
from tfvc.weights.weight_norm import is_fused

__all__ = [
    "Entry",
    "WeightError",
    "entries",
    "find_state_dict",
    "is_fused",
    "load_state_dict",
    "load_torch_file",
    "read_torch_file",
    "state_dict",
    "write_torch_file",
]
