"""What optimizers keep between steps, under names that both frameworks share, and in torch's units."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfvc.parity.findings.stage import StageKind

Arrays = Mapping[str, np.ndarray]
# torch's names of what an optimizer keeps of each parameter.
TORCH_SLOTS = {
    "exp_avg": StageKind.MOMENTUM,
    "exp_avg_sq": StageKind.VELOCITY,
    "max_exp_avg_sq": StageKind.LARGEST_VELOCITY,
    "exp_inf": StageKind.LARGEST_GRADIENT,
    "square_avg": StageKind.VELOCITY,
    "grad_avg": StageKind.MEAN_GRADIENT,
    "sum": StageKind.VELOCITY,
    "acc_delta": StageKind.SQUARED_UPDATES,
    "momentum_buffer": StageKind.MOMENTUM,
}


def torch_slot(name: str, state: Mapping[str, Any]) -> StageKind:
    """The common name of one slot. RMSprop's momentum is one of updates, SGD's one of gradients."""
    return StageKind.UPDATES if name == "momentum_buffer" and "square_avg" in state else TORCH_SLOTS[name]


def units_of(
    optimizer: Any, kind: StageKind, theirs: Mapping[str, np.ndarray], ours: Mapping[str, np.ndarray]
) -> float:
    """By what torch's slot is multiplied in a Keras optimizer, see `possible_units`.

    Args:
        optimizer: Keras's.
        kind: which slot.
        theirs, ours: the slot behind a first step, of torch and of Keras, by key.
    """
    return shown_unit(possible_units(optimizer, kind), theirs, ours)


def possible_units(optimizer: Any, kind: StageKind) -> list[float]:
    """By what torch's slot may be multiplied in a Keras optimizer, the likeliest first.

    The momentum of Keras's SGD and RMSprop holds steps, the learning rate included. One that is derived of them, or
    that is written by hand, may do it either way: then a first step shows which.
    """
    if kind not in (StageKind.MOMENTUM, StageKind.UPDATES):
        return [1.0]
    rate = float(np.asarray(getattr(optimizer, "learning_rate", 0.0)))
    usual = {keras.optimizers.SGD: -rate, keras.optimizers.RMSprop: rate}
    expected = next((unit for stock, unit in usual.items() if isinstance(optimizer, stock)), 1.0)
    return [unit for unit in (expected, 1.0, -rate, rate) if unit] if expected else [1.0, *filter(None, (-rate, rate))]


def shown_unit(possible: Sequence[float], theirs: Mapping[str, np.ndarray], ours: Mapping[str, np.ndarray]) -> float:
    """Which of them a slot behind a first step shows; the first of them if it shows none."""
    if len(possible) == 1:
        return possible[0]
    square = sum(float(np.sum(np.square(x))) for x in theirs.values())
    found = sum(float(np.vdot(x, ours[key])) for key, x in theirs.items() if key in ours) / max(square, 1e-300)
    shown = [unit for unit in possible if abs(found / unit - 1) < 1e-9]
    return shown[0] if shown else possible[0]
