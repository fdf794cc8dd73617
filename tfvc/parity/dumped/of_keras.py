"""Keras's side of a case, in a process that needs no torch."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity.case import ParityCase
from tfvc.parity.catching import Catching, SidesRaised, raise_as_misuse
from tfvc.parity.dumped.header import Settings, StepSizeOf
from tfvc.parity.dumped.one_side import Arrays, OneSide, versions
from tfvc.parity.dumped.plan import planned
from tfvc.parity.dumped.traces import Traced, keras_layers
from tfvc.parity.dumped.writing import Dump
from tfvc.parity.findings.stage import SLOTS
from tfvc.parity.private_parts import whole_tracebacks
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.four_models import draw, joined_with_parts, with_tied_alike
from tfvc.parity.sides.initialization import given_state, initial_state
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.lazy_arrays import LazyArrays
from tfvc.parity.sides.slots import possible_units
from tfvc.weights.torch_file import read_torch_file


def dump_keras(
    case: ParityCase, folder: str | os.PathLike, settings: Settings, weights: str | os.PathLike | None = None
) -> None:
    """Writes Keras's side of a case.

    Args:
        case: the pair; its torch module is not made.
        folder: the dump.
        settings: what is computed.
        weights: a file with the state dict of the torch module to start from, in place of `settings.init`.

    Raises:
        TfvcError: if the folder exists, or the model cannot be made or fed.
    """
    more = {"side": "keras", "description": case.description, "settings": settings}
    found = versions(tensorflow=tf.__version__, keras=keras.__version__)
    with whole_tracebacks(), Dump(folder, case.name, found, **more) as dump:
        inputs = draw(case, np.random.default_rng(settings.seed))
        with Catching() as caught:
            models = [KerasSide(case, dtype, inputs) for dtype in ("float64", "float32")]
        if caught.raised:
            cause = caught.error.raised[0] if isinstance(caught.error, SidesRaised) else caught.raised[0]
            caught.raised = [cause]
            raise_as_misuse(f"parity case {case.name}: its keras_model", caught)
        model = models[0]
        joint = [entry for entry in model.entries if len(entry.keys) > 1]
        state = with_tied_alike(_initial(model, settings, weights), joint)
        dump.give(weights={key: state[key] for entry in model.entries for key in entry.keys})
        initial = joined_with_parts(state, joint)
        layers = _layers(case, models, initial, inputs) if settings.layers else [[], []]
        dump.note(
            joined=tuple(map(planned, joint)),
            ignored=tuple(sorted(model.ignored)),
            held=tuple(item.variable.path for item in model.constants if item.variable.trainable),
            accepted=tuple(case.accepted),
            decisions=dict(case.decisions),
        )
        owners = {
            id(side): [owner for one in of_side for owner in one.owners]
            for side, of_side in zip(models, layers, strict=True)
        }
        OneSide(case, settings, dump, models, False, initial, lambda side: owners[id(side)], layers).run()
        dump.note(step_sizes=tuple(_step_size(model, turn) for turn in case.all_turns))


def _initial(model: KerasSide, settings: Settings, weights: str | os.PathLike | None) -> LazyArrays:
    """The initial weights under torch's keys, as torch's side makes them."""
    # As `TorchSide.shapes`: of floats only the shapes count; integers, such as a count of batches, stay as they are.
    shapes: dict[str, np.ndarray] = {}
    for entry in model.entries:
        if np.issubdtype(entry.value().dtype, np.floating):
            blank = [np.broadcast_to(np.float32(0), shape) for shape in entry.torch_shapes]
        else:
            blank = entry.separate(entry.value())
        shapes |= dict(zip(entry.keys, blank, strict=True))
    if weights is None:
        return initial_state(shapes, settings.init, settings.seed)
    given = read_torch_file(Path(weights))
    ignored = {key: value for key, value in given.items() if key in model.ignored}
    return given_state({**shapes, **ignored}, given, str(weights))


def _layers(case: ParityCase, models: Sequence[KerasSide], initial: Arrays, inputs: Arrays) -> list[list[Traced]]:
    """The layers to dump, of each model; what a first pass raises, the passes themselves tell."""
    side = models[1]
    calls: list[Call] = []
    side.load(initial)
    with Catching():
        side.forward(inputs, False, None, calls)
    found = keras_layers(side.model, side.entries, case.entries, {id(call.owner) for call in calls})
    places = {id(layer): i for i, layer in enumerate(side.layers)}

    def of_model(model: KerasSide, one: Traced) -> Traced:
        return replace(one, owners=tuple(model.layers[places[id(owner)]] for owner in one.owners))

    return [[of_model(model, one) for one in found] for model in models]


def _step_size(side: KerasSide, turn: Any) -> StepSizeOf:
    optimizer = side.optimizers.get(turn.name)
    units = {kind: tuple(possible_units(optimizer, kind)) for kind in SLOTS} if optimizer is not None else {}
    return StepSizeOf(
        turn=turn.label,
        learning_rate=turn.optimizer.learning_rate,
        epsilon=turn.optimizer.epsilon,
        keys=tuple(entry.name for entry in side.trainable[turn.name]),
        units={kind: of_kind for kind, of_kind in units.items() if of_kind != (1.0,)},
    )
