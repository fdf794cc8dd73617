"""What an optimizer's step starts from."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.sides.four_models import FourModels

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class BeforeStep:
    """The float64 models in front of a step, from the same weights, in torch's layout and under the entries' keys.

    Attributes:
        turn: whose step.
        number: of the step, from 1.
        weights: that it moves.
        gradients: torch's, before they are clipped.
        slots: of torch and of Keras, by slot; empty in front of a first step.
    """

    turn: Turn
    number: int
    weights: Arrays
    gradients: Arrays
    slots: tuple[Mapping[StageKind, Arrays], Mapping[StageKind, Arrays]]


def before_step(models: FourModels, turn: Turn, number: int) -> BeforeStep:
    """A copy of it, taken where the gradients are computed and nothing has stepped yet."""
    torch_side, keras_side = models.sides.float64
    keys = [entry.name for entry in keras_side.trainable[turn.name]]
    state, gradients = torch_side.state(), torch_side.gradients(turn)
    return BeforeStep(
        turn,
        number,
        {key: np.array(state[key]) for key in keys},
        {key: np.array(gradients[key]) for key in keys},
        (copied(torch_side.slots(turn), keys), copied(keras_side.slots(turn), keys)),
    )


def copied(slots: Mapping[StageKind, Mapping[str, np.ndarray]], keys: list[str]) -> dict[StageKind, Arrays]:
    """Slots of these keys, by slot."""
    return {kind: {key: np.array(x[key]) for key in set(x).intersection(keys)} for kind, x in slots.items()}
