"""How a torch module is called with what a Keras model is called with: found by calling it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Calling:
    """What fits.

    Attributes:
        channels_first: whether the module wants the last axis of its inputs behind the batch.
        moves_back: whether the second axis of its output is Keras's last.
        problem: what does not fit, for a reader; empty if all does.
    """

    channels_first: bool
    moves_back: bool
    problem: str = ""


def find_calling(module: Any, arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> Calling:
    """Tries the layouts that there are; the first whose output has the shape of Keras's is taken.

    Args:
        module: of torch.
        arrays: the inputs in Keras's layout.
        shape: of Keras's first output.
    """
    problems, ran = [], None
    for channels_first in (False, True):
        try:
            found = _called(module, arrays, channels_first)
        except Exception as error:  # a stranger's module may raise anything
            problems.append(one_line(error))
            continue
        if found == shape:
            return Calling(channels_first, moves_back=False)
        if len(found) > 2 and (found[0], *found[2:], found[1]) == shape:
            return Calling(channels_first, moves_back=True)
        ran = ran or Calling(channels_first, False, f"torch gives the shape {found}, Keras {shape}")
    return ran or Calling(False, False, f"the torch module cannot be called so ({problems[0]})")


def first(outputs: Any) -> Any:
    """The first tensor of what a model gives, be it a tuple, a list or a mapping."""
    while isinstance(outputs, (Mapping, tuple, list)):
        outputs = next(iter(outputs.values() if isinstance(outputs, Mapping) else outputs))
    return outputs


def one_line(error: Exception) -> str:
    """An exception's class and the first line of its message."""
    return f"{type(error).__name__}: {error}".strip().splitlines()[0]


def _called(module: Any, arrays: Sequence[np.ndarray], channels_first: bool) -> tuple[int, ...]:
    import torch

    tensors = [torch.from_numpy(array) for array in arrays]
    with torch.no_grad():
        found = module.eval()(*(x.movedim(-1, 1) if channels_first and x.ndim > 2 else x for x in tensors))
    return tuple(first(found).shape)
