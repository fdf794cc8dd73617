"""The first training step of one turn, recorded for its diagnosis."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfvc.parity.case import Turn

if TYPE_CHECKING:
    from tfvc.parity.runner import Comparison

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Step:
    """The first step of one turn in float64, in torch's layout and under the entries' keys.

    Attributes:
        before: the weights.
        raw: torch's gradients before they are clipped.
        theirs, ours: the changes of the weights, of torch and of Keras.
        slots: of both (torch, Keras), by slot.
        group: torch's constants.
        epsilon: that the Keras optimizer names, if any.
    """

    before: Arrays
    raw: Arrays
    theirs: Arrays
    ours: Arrays
    slots: dict[str, tuple[Arrays, Arrays]]
    group: Mapping[str, Any]
    epsilon: float | None
    clip: float | None


def recorded(comparison: "Comparison", turn: Turn) -> Step:
    """The step as it was taken; torch's gradients are computed once more, because clipping has overwritten them."""
    torch_side, keras_side = comparison.torch64, comparison.keras64
    keys = [entry.name for entry in keras_side.trainable[turn.name]]
    optimizer, rule = torch_side._optimizers[turn.name], keras_side._optimizers[turn.name]
    initial = comparison.joined_initial()
    before = {key: np.asarray(initial[key], np.float64) for key in keys}
    after = [{key: np.array(state[key]) for key in keys} for state in (torch_side.state(), keras_side.state())]
    slots = [
        {name: {k: np.array(v) for k, v in of.items() if k in before} for name, of in side.slots(turn).items()}
        for side in (torch_side, keras_side)
    ]
    group = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
    epsilon = getattr(rule, "epsilon", None)
    torch_side.load(comparison.initial)
    torch_side.begin_step(comparison.inputs)
    _, raw = torch_side.backward(comparison.inputs, turn)
    return Step(
        before,
        {key: np.array(raw[key]) for key in keys},
        {key: after[0][key] - before[key] for key in keys},
        {key: after[1][key] - before[key] for key in keys},
        {name: (slots[0][name], slots[1][name]) for name in slots[0] if name in slots[1]},
        group,
        epsilon,
        turn.optimizer.clip_grad_norm,
    )


def error(found: Arrays, expected: Arrays) -> float:
    """Of all tensors together, relative."""
    norm = sum(float(np.sum(np.square(y))) for y in expected.values()) ** 0.5
    distance = sum(float(np.sum(np.square(found[k] - y))) for k, y in expected.items()) ** 0.5
    return distance / max(norm, 1e-300)


def ratio_of(theirs: Arrays, ours: Arrays) -> float:
    """How many times torch's tensors Keras's are, by least squares."""
    square = sum(float(np.sum(np.square(x))) for x in theirs.values())
    return sum(float(np.vdot(x, ours[k])) for k, x in theirs.items()) / max(square, 1e-300)
