"""How a torch module is called with what a Keras model is called with: found by calling it."""

from collections.abc import Sequence
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


def find_calling(module: Any, arrays: Sequence[np.ndarray], output: np.ndarray) -> Calling:
    """Tries the layouts that there are; the first whose output has the shape of Keras's is taken.

    Args:
        module: of torch.
        arrays: the inputs in Keras's layout.
        output: Keras's own.
    """
    problems, ran = [], None
    for channels_first in (False, True):
        try:
            shape = _called(module, arrays, channels_first)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            problems.append(f"{type(error).__name__}: {error}".splitlines()[0])
            continue
        if shape == output.shape:
            return Calling(channels_first, moves_back=False)
        if len(shape) > 2 and (shape[0], *shape[2:], shape[1]) == output.shape:
            return Calling(channels_first, moves_back=True)
        ran = ran or Calling(channels_first, False, f"torch gives the shape {shape}, Keras {output.shape}")
    return ran or Calling(False, False, f"the torch module cannot be called so ({problems[0]})")


def _called(module: Any, arrays: Sequence[np.ndarray], channels_first: bool) -> tuple[int, ...]:
    import torch

    tensors = [torch.from_numpy(array) for array in arrays]
    with torch.no_grad():
        found = module.eval()(*(x.movedim(-1, 1) if channels_first and x.ndim > 2 else x for x in tensors))
    found = next(iter(found)) if isinstance(found, (tuple, list)) else found
    return tuple(found.shape)
