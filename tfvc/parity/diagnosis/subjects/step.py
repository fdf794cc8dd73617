"""The first training step of one turn, whose optimizer does something else than torch's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis.subjects.subject import Subject, class_names
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.sides.four_models import FourModels
from tfvc.weights import Sum

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Step:
    """The first step of one turn in float64, in torch's layout and under the entries' keys.

    Attributes:
        optimizer: torch's.
        group: its constants.
        epsilon: that the Keras optimizer names, if any.
        clip: the largest norm of all gradients together, if they are clipped.
        before: the weights.
        raw: torch's gradients before they are clipped.
        moves: how far the weights move, of torch and of Keras.
        slots: of torch and of Keras, by slot.
        sums: keys of Keras variables that are the sum of several torch tensors.
    """

    optimizer: Any
    group: Mapping[str, Any]
    epsilon: float | None
    clip: float | None
    before: Arrays
    raw: Arrays
    moves: tuple[Arrays, Arrays]
    slots: Mapping[StageKind, tuple[Arrays, Arrays]]
    sums: frozenset[str]


@dataclass
class StepSubject(Subject):
    """One of the results of a step. A hypothesis's `wrong(arrays)` gives others from torch's, by key.

    Attributes:
        step: the whole of it.
        what: which result: `MOMENTUM`, `VELOCITY`, or `WEIGHTS` for how far the weights move.
        torch, keras: the result of both.
    """

    step: Step
    what: StageKind
    torch: Arrays
    keras: Arrays

    @property
    def kinds(self) -> frozenset[str]:
        return class_names(self.step.optimizer)

    @property
    def ratio(self) -> float:
        """How many times torch's Keras's is, by least squares."""
        return ratio_of(self.torch, self.keras)

    def error(self, wrong: Callable[[Arrays], Arrays] | None = None) -> float:
        """Of all tensors together."""
        found = self.torch if wrong is None else wrong(self.torch)
        norm = sum(float(np.sum(np.square(y))) for y in self.keras.values()) ** 0.5
        distance = sum(float(np.sum(np.square(found[k] - y))) for k, y in self.keras.items()) ** 0.5
        return distance / max(norm, 1e-300)


def step_subjects(models: FourModels, turn: Turn) -> list[StepSubject]:
    """The results of a step as it was taken, in the order in which they are computed."""
    step = _recorded(models, turn)
    results = {**step.slots, StageKind.WEIGHTS: step.moves}
    return [StepSubject(step, what, *both) for what, both in results.items()]


def _recorded(models: FourModels, turn: Turn) -> Step:
    """The step; torch's gradients are computed once more, because clipping has overwritten them."""
    torch_side, keras_side = models.sides.float64
    keys = [entry.name for entry in keras_side.trainable[turn.name]]
    optimizer = torch_side.optimizers[turn.name]
    initial = models.joined_initial()
    before = {key: np.asarray(initial[key], np.float64) for key in keys}
    after = [{key: np.array(state[key]) for key in keys} for state in (torch_side.state(), keras_side.state())]
    theirs, ours = (
        {StageKind(name): {k: np.array(v) for k, v in of.items() if k in before} for name, of in found.items()}
        for found in (torch_side.slots(turn), keras_side.slots(turn))
    )
    torch_side.load(models.initial)
    torch_side.begin_step(models.inputs)
    _, raw = torch_side.backward(models.inputs, turn)
    return Step(
        optimizer,
        {k: v for k, v in optimizer.param_groups[0].items() if k != "params"},
        getattr(keras_side.optimizers[turn.name], "epsilon", None),
        turn.optimizer.clip_grad_norm,
        before,
        {key: np.array(raw[key]) for key in keys},
        tuple({key: of_side[key] - before[key] for key in keys} for of_side in after),
        {name: (theirs[name], ours[name]) for name in theirs if name in ours},
        frozenset(entry.name for entry in torch_side.joint if isinstance(entry.keys_as, Sum)),
    )


def ratio_of(theirs: Arrays, ours: Arrays) -> float:
    """How many times torch's tensors Keras's are, by least squares."""
    square = sum(float(np.sum(np.square(x))) for x in theirs.values())
    return sum(float(np.vdot(x, ours[k])) for k, x in theirs.items()) / max(square, 1e-300)
