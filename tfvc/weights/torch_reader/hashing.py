"""What may be a key of a dict or in a set."""

import types
from typing import Any

import numpy as np

from tfvc.weights.torch_reader.dtypes import TorchDtype
from tfvc.weights.torch_reader.refusal import Refusal

_SCALARS = (str, bytes, int, float, complex, types.NoneType, TorchDtype, np.generic)
_LARGEST = 1000


def hashable(key: Any) -> Any:
    """The key itself.

    Python computes a tuple's hash anew each time, so forty tuples, each of the last one twice, would take for ever:
    keys are scalars or small tuples of them.

    Raises:
        Refusal: if it is anything else.
    """
    left, todo = _LARGEST, [key]
    while todo:
        item = todo.pop()
        if isinstance(item, tuple) and len(item) < left:
            left -= len(item) + 1
            todo.extend(item)
        elif not isinstance(item, _SCALARS):
            raise Refusal(f"refused, a {type(item).__name__} is the key of a dict or in a set")
    return key
