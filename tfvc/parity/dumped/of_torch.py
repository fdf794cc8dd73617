"""Torch's side of a case, beside what Keras's side has written."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.case import ParityCase
from tfvc.parity.catching import Catching
from tfvc.parity.dumped.header import Header
from tfvc.parity.dumped.one_side import OneSide, versions
from tfvc.parity.dumped.plan import restored
from tfvc.parity.dumped.reading import read_dump
from tfvc.parity.dumped.traces import Traced, torch_layers
from tfvc.parity.dumped.writing import Dump
from tfvc.parity.private_parts import whole_tracebacks
from tfvc.parity.sides.accepted import accept
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.four_models import draw, with_tied_alike
from tfvc.parity.sides.initialization import given_state, initial_state
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.weights import Tied
from tfvc.weights.torch_file import read_torch_file


def dump_torch(
    case: ParityCase,
    folder: str | os.PathLike,
    beside: str | os.PathLike,
    weights: str | os.PathLike | None = None,
) -> None:
    """Writes torch's side of a case.

    Args:
        case: the pair; its Keras model is not made.
        folder: the dump.
        beside: the dump of Keras's side, which says what is computed, and which tensors are one in Keras.
        weights: the file that Keras's side started from, if it did from one.

    Raises:
        TfvcError: if the folder exists, `beside` is of another case or side, or the module cannot be made.
    """
    import torch

    given = read_dump(beside)
    plan = given.header
    if plan.side != "keras" or plan.settings is None:
        raise TfvcError(f"{given.where} is not Keras's side of a case; write that first, with --side keras")
    if plan.case != case.name:
        raise TfvcError(f"{given.where} is of the case {plan.case}, not of {case.name}")
    settings = plan.settings
    joint = [restored(one, given.where) for one in plan.joined]
    more = {"side": "torch", "description": case.description, "settings": settings, "accepted": tuple(case.accepted)}
    with whole_tracebacks(), Dump(folder, case.name, versions(torch=torch.__version__), **more) as dump:
        models = [TorchSide(case, dtype) for dtype in ("float64", "float32")]
        shapes = models[0].shapes()
        ignored = _ignored(case, plan, set(shapes))
        own = {key: models[0].module.state_dict()[key].numpy().copy() for key in ignored}
        for model in models:
            model.joint, model.ignored = joint, ignored
            accept(case.accepted, model.module, joint)
        if weights is None:
            state = initial_state(shapes, settings.init, settings.seed)
            state = state.and_also({key: lambda x=x: x for key, x in own.items()})
        else:
            state = given_state(shapes, read_torch_file(Path(weights)), str(weights))
        state = with_tied_alike(state, joint)
        dump.give(weights={key: state[key] for key in shapes if key not in ignored})
        dump.note(ignored=tuple(ignored), decisions=dict(case.decisions))
        inputs = draw(case, np.random.default_rng(settings.seed))
        layers = _layers(case, models, dict(state), inputs) if settings.layers else [[], []]
        paths = [one.layer.path for one in layers[1]]
        OneSide(case, settings, dump, models, True, dict(state), lambda side: _modules(side, paths), layers).run()


def _ignored(case: ParityCase, plan: Header, keys: set[str]) -> list[str]:
    """The torch keys that Keras has no variable for; all others it must have."""
    known = {one.name for one in plan.given if one.kind == "weight"}
    for key in sorted(known - keys):
        raise TfvcError(f"parity case {case.name}: the torch module has no key {key}")
    missing = sorted(keys - known - set(plan.ignored))
    if missing:
        raise TfvcError(f"parity case {case.name}: no weight entry for {', '.join(missing)}")
    return sorted(keys & set(plan.ignored))


def _layers(
    case: ParityCase, models: Sequence[TorchSide], state: Mapping[str, Any], inputs: Mapping[str, Any]
) -> list[list[Traced]]:
    """The layers to dump, of each model; what a first pass raises, the passes themselves tell."""
    side = models[1]
    calls: list[Call] = []
    side.load(state)
    with Catching():
        side.forward(inputs, False, dict(side.module.named_modules()), calls)
    several = {key for one in side.joint for key in one.keys}
    keys = {key: [key] for key in state if key not in several and key not in side.ignored}
    keys |= {one.name: one.keys[:1] if isinstance(one.keys_as, Tied) else one.keys for one in side.joint}
    found = torch_layers(side.module, keys, case.entries, [call.owner for call in calls])
    return [[replace(one, owners=(model.module.get_submodule(one.layer.path),)) for one in found] for model in models]


def _modules(side: TorchSide, paths: list[str]) -> dict[str, Any]:
    modules = dict(side.module.named_modules())
    return {path: modules[path] for path in paths}
