"""A training step of one turn, whose optimizer does something else than torch's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.subjects.optimizers.rules import RULES, UNNAMED, Arrays, Given, Rule, clipped, rules_of
from tfvc.parity.diagnosis.subjects.optimizers.settings import (
    TORCH_ADDS,
    Settings,
    is_stock,
    keras_settings,
    torch_clip,
    torch_settings,
)
from tfvc.parity.diagnosis.subjects.subject import Subject, class_names
from tfvc.parity.findings.stage import SLOTS, StageKind
from tfvc.parity.sides.accepted import CLIPPING
from tfvc.parity.sides.before_step import BeforeStep, copied
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.sides.precision import precision
from tfvc.weights import Sum

# A rule must give what torch gives to within this, or it is not torch's.
SAME = 1e-9
Results = dict[StageKind, Arrays]


@dataclass(frozen=True)
class Step:
    """A step of one turn in float64 that both sides began alike, in torch's layout and under the entries' keys.

    Attributes:
        optimizer: torch's.
        keras: Keras's optimizer.
        number: of the step, from 1.
        settings: torch's, by key: its groups may differ.
        read: those that Keras's optimizer says it has.
        before: the weights.
        raw: torch's gradients before they are clipped.
        kept: the slots in front of the step: torch's, and those that only Keras has.
        results: of torch and of Keras: the slots behind it, and as `WEIGHTS` how far the weights move.
        sums: keys of Keras variables that are the sum of several torch tensors.
    """

    optimizer: Any
    keras: Any
    number: int
    settings: Mapping[str, Settings]
    read: Settings
    before: Arrays
    raw: Arrays
    kept: Mapping[StageKind, Arrays]
    results: tuple[Results, Results]
    sums: frozenset[str]

    @property
    def group(self) -> Mapping[str, Any]:
        """torch's own constants, of its first group."""
        return self.optimizer.param_groups[0]

    @property
    def theirs(self) -> Settings:
        """torch's settings, of its first group."""
        return next(iter(self.settings.values()))

    def their(self, setting: str, ours: Any) -> Any:
        """torch's setting, of the first of its groups in which it is not Keras's."""
        values = [settings[setting] for settings in self.settings.values()]
        return next((value for value in values if value != ours), values[0])

    @property
    def another_kind(self) -> bool:
        """Whether the Keras optimizer is a stock one of another kind than torch's."""
        return is_stock(self.keras) and not set(rules_of(self.keras)) & set(rules_of(self.optimizer))

    @cached_property
    def rule(self) -> Rule | None:
        """The update rule of torch's optimizer, if it is one that is known: one that gives what torch gave."""
        for rule in (RULES[name] for name in rules_of(self.optimizer)):
            found, theirs = self.simulated({}, rule), self.results[0]
            same = all(kind in found and distance(found[kind], theirs[kind]) < SAME for kind in theirs)
            return rule if same else None
        return None

    def simulated(self, changed: Settings, rule: Rule | None = None) -> Results:
        """What torch's rule, or another, gives with some settings changed. A sum moves with each of its two parts."""
        rule = rule or self.rule
        gradients = clipped(self.raw, changed.get("clip", self.theirs["clip"]))
        found: Results = {StageKind.WEIGHTS: {}}
        for key, weight in self.before.items():
            settings = {**UNNAMED, **self.settings[key], **changed}
            decay, gradient = settings["decay"], gradients[key] * (-1 if settings["maximize"] else 1)
            slots = {kind: of_kind[key] for kind, of_kind in self.kept.items() if key in of_kind}
            if decay.coupled:
                gradient = gradient + decay.amount * weight
            behind, move = rule(Given(weight, gradient, slots, self.number), settings)
            if key in self.sums:
                move = 2 * move
            if not decay.coupled:
                move = move + settings["learning_rate"] * decay.amount * weight
            found[StageKind.WEIGHTS][key] = -move
            for kind, slot in behind.items():
                found.setdefault(kind, {})[key] = slot
        return found

    def explained(self, found: Results) -> int:
        """How many of Keras's results these are."""
        return sum(kind in found and distance(found[kind], ours) < SAME for kind, ours in self.results[1].items())


@dataclass
class StepSubject(Subject):
    """One of the results of a step. A hypothesis's `wrong(arrays)` gives others from torch's, by key.

    Attributes:
        step: the whole of it.
        what: which result: a slot, or `WEIGHTS` for how far the weights move.
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
        return distance(self.torch if wrong is None else wrong(self.torch), self.keras)


def step_subjects(models: FourModels, before: BeforeStep) -> list[StepSubject]:
    """The results of a step that the models have just taken, in the order in which they are computed."""
    step = _recorded(models, before)
    theirs, ours = step.results
    return [StepSubject(step, what, theirs[what], ours[what]) for what in theirs]


def _recorded(models: FourModels, before: BeforeStep) -> Step:
    torch_side, keras_side = models.sides.float64
    keys, turn = list(before.weights), before.turn
    optimizer, keras = torch_side.optimizers[turn.name], keras_side.optimizers[turn.name]
    parameters = dict(torch_side.module.named_parameters())
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    clip = torch_clip(turn.optimizer, 0.0 if CLIPPING in models.case.accepted else TORCH_ADDS)
    settings = {}
    for entry in keras_side.trainable[turn.name]:
        owned = next((groups[id(parameters[k])] for k in entry.keys if k in parameters), optimizer.param_groups[0])
        settings[entry.name] = torch_settings(optimizer, owned, clip)
    states = torch_side.state(), keras_side.state()
    moved = [{k: np.array(state[k]) - before.weights[k] for k in keys} for state in states]
    theirs, ours = (copied(side.slots(turn), keys) for side in models.sides.float64)
    with precision("float64"):
        read = keras_settings(keras, before.number)
    shared = [kind for kind in SLOTS if kind in theirs and kind in ours]
    return Step(
        optimizer,
        keras,
        before.number,
        settings,
        read,
        before.weights,
        before.gradients,
        {**before.slots[1], **before.slots[0]},
        tuple(
            {**{kind: of_side[kind] for kind in shared}, StageKind.WEIGHTS: moves}
            for of_side, moves in zip((theirs, ours), moved, strict=True)
        ),
        frozenset(
            entry.name
            for entry in torch_side.joint
            if isinstance(entry.keys_as, Sum) and all(parameters[key].requires_grad for key in entry.keys)
        ),
    )


def distance(found: Arrays, wanted: Arrays) -> float:
    """How far tensors are from others, relative to these, all together."""
    norm = sum(float(np.sum(np.square(y))) for y in wanted.values()) ** 0.5
    apart = sum(float(np.sum(np.square(found[k] - y))) for k, y in wanted.items()) ** 0.5
    return apart / max(norm, 1e-300)


def ratio_of(theirs: Arrays, ours: Arrays) -> float:
    """How many times torch's tensors Keras's are, by least squares."""
    square = sum(float(np.sum(np.square(x))) for x in theirs.values())
    return sum(float(np.vdot(x, ours[k])) for k, x in theirs.items()) / max(square, 1e-300)
