"""Optimizers and clipping: settings that differ, as the Keras optimizer says them itself or as they are measured."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.explain import explains
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.optimizers.rules import RULES, UNNAMED, rules_of
from tfvc.parity.diagnosis.subjects.optimizers.settings import TORCH_ADDS, Clip, ClipKind, Decay, Epsilon, Place
from tfvc.parity.diagnosis.subjects.optimizers.words import words
from tfvc.parity.diagnosis.subjects.step import SAME, Arrays, Step, StepSubject, distance, ratio_of
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.stage import StageKind

Changed = Mapping[str, Any]


@register(StepSubject)
def another_optimizer(subject: StepSubject) -> Iterator[Hypothesis]:
    """An optimizer of another kind, as it says itself."""
    step = subject.step
    ours = next(iter(rules_of(step.keras)), None)
    if ours is None or step.rule is None or not step.another_kind:
        return
    name = type(step.optimizer).__name__
    yield Hypothesis(
        "another optimizer",
        f"The optimizer is Keras's {ours}, torch's is {name}.",
        f"Use the same kind on both sides: {name}.",
        lambda _: step.simulated({**UNNAMED, **step.read}, RULES[ours])[subject.what],
    )


@register(StepSubject)
def as_it_says(subject: StepSubject) -> Iterator[Hypothesis]:
    """Settings of the Keras optimizer that are not torch's: one by one, then as many as it takes."""
    step = subject.step
    if step.rule is None or step.another_kind or subject.error() < SAME:
        return
    said = dict(_different(step))
    for name, value in said.items():
        yield _with(subject, {name: value})
    if len(said) > 1:
        needed = _needed(subject, said)
        if needed:
            yield _with(subject, needed)


@register(StepSubject)
def as_measured(subject: StepSubject) -> Iterator[Hypothesis]:
    """Settings that the Keras optimizer does not name or keep to; those first that explain most of the step."""
    step = subject.step
    if step.rule is None or step.another_kind or subject.error() < SAME:
        return
    tried = [changed for changed in _changes(subject) if changed]
    for changed in sorted(tried, key=lambda changed: -step.explained(step.simulated(changed))):
        yield _with(subject, changed)


@register(StepSubject)
def one_bias_for_two(subject: StepSubject) -> Iterator[Hypothesis]:
    """Keras has one bias where torch has two."""
    sums = subject.step.sums & set(subject.torch)
    if subject.what is StageKind.WEIGHTS and sums:
        yield Hypothesis(
            "one bias for two",
            "Keras has one bias where torch has two, and trains both: their sum moves twice as far.",
            "Use a layer with both biases (tfvc.layers.LSTM), or accept that training differs in this.",
            lambda moves: {k: x / 2 if k in sums else x for k, x in moves.items()},
        )


@register(StepSubject)
def not_trained(subject: StepSubject) -> Iterator[Hypothesis]:
    """Weights that stay where they are."""
    still = [k for k, x in subject.keras.items() if not np.any(x) and np.any(subject.torch[k])]
    if subject.what is StageKind.WEIGHTS and still:
        yield Hypothesis(
            "not trained",
            f"The optimizer does not move {', '.join(still[:5])}{' and more' if len(still) > 5 else ''}.",
            "Pass all trainable variables to apply_gradients.",
            lambda moves: {k: x * (k not in still) for k, x in moves.items()},
        )


@register(StepSubject, general=True)
def of_any_rule(subject: StepSubject) -> Iterator[Hypothesis]:
    """Of optimizers whose rule is not known: weights that move too far or too little, or decay."""
    step, rate = subject.step, float(subject.step.group.get("lr", 0.0))
    if step.rule is not None or subject.what is not StageKind.WEIGHTS or abs(subject.ratio - 1) <= SAME:
        return
    ratio = subject.ratio
    name, value = ("maximize", True) if abs(ratio + 1) < 1e-6 else ("learning_rate", ratio * rate)
    said = words(name, value, False if name == "maximize" else rate)
    yield Hypothesis(said.name, said.cause, said.fix, lambda moves: {k: x * ratio for k, x in moves.items()})
    more = ratio_of(step.before, {k: subject.keras[k] - x for k, x in subject.torch.items()})
    theirs = float(step.group.get("weight_decay", 0.0))
    if rate and more:
        said = words("decay", Decay(theirs - more / rate, False), Decay(theirs, False))
        yield Hypothesis(
            said.name, said.cause, said.fix, lambda moves: {k: x + more * step.before[k] for k, x in moves.items()}
        )


def _different(step: Step) -> Iterator[tuple[str, Any]]:
    """What the Keras optimizer says that it has otherwise than torch's, in any of its groups."""
    for name, value in {**UNNAMED, **step.read}.items():
        if name not in step.theirs:
            continue
        if name == "epsilon" and value.place is None:
            value = replace(value, place=step.theirs[name].place)
        theirs = step.their(name, value)
        same_decay = name == "decay" and not value.amount and not theirs.amount
        if value != theirs and not same_decay:
            yield name, value


def _needed(subject: StepSubject, said: Changed) -> Changed:
    """As few of several settings as explain the result together; none if all of them do not."""
    step, before = subject.step, subject.error()

    def enough(changed: Changed) -> bool:
        found = step.simulated(changed)
        return subject.what in found and explains(before, distance(found[subject.what], subject.keras))

    needed = dict(said)
    if not enough(needed):
        return {}
    for name in said:
        without = {k: v for k, v in needed.items() if k != name}
        if without and enough(without):
            needed = without
    return needed


def _with(subject: StepSubject, changed: Changed) -> Hypothesis:
    """The step with some settings changed."""
    step = subject.step
    said = [words(name, value, step.their(name, value)) for name, value in changed.items()]
    return Hypothesis(
        " and ".join(one.name for one in said),
        " Also: ".join(one.cause for one in said),
        " ".join(one.fix for one in said),
        lambda _: step.simulated(changed)[subject.what],
        Fault.CLIPPING if list(changed) == ["clip"] else None,
    )


def _changes(subject: StepSubject) -> Iterator[Changed]:
    """What may be otherwise: flags, places, kinds; then numbers, as they are measured on this result."""
    step, theirs = subject.step, subject.step.theirs
    for flag in ("nesterov", "centered", "amsgrad", "corrected", "maximize"):
        if flag in theirs:
            yield {flag: not theirs[flag]}
    yield from ({"clip": clip} for clip in _clips(theirs["clip"]))
    decay = theirs["decay"]
    if decay.amount:
        yield {"decay": Decay(0.0, decay.coupled)}
        yield {"decay": Decay(decay.amount, not decay.coupled)}
    for name in ("momentum", "dampening", "beta_1", "beta_2", "rho", "momentum_decay"):
        if name in theirs:
            yield _measured(subject, name, lambda x: x, theirs[name], 0.0, 1.0)
    if "initial" in theirs and step.number == 1:
        yield _measured(subject, "initial", lambda x: x, theirs["initial"], 0.0)
    if "epsilon" in theirs:
        yield from _epsilons(subject, theirs["epsilon"])
    for coupled in (decay.coupled, not decay.coupled):
        yield _measured(subject, "decay", lambda x, c=coupled: Decay(x, c), decay.amount)
    yield _measured(subject, "learning_rate", lambda x: x, theirs["learning_rate"], 0.0)
    for kind in (ClipKind.ALL, ClipKind.EACH, ClipKind.VALUE):
        start = theirs["clip"].bound or max(float(np.max(np.abs(g), initial=0.0)) for g in step.raw.values()) / 2
        yield _measured(subject, "clip", lambda x, k=kind: _like(theirs["clip"], k, x), start, 0.0)


def _clips(theirs: Clip) -> Iterable[Clip]:
    """Other ways to clip to the same bound."""
    if theirs.kind is ClipKind.NONE:
        return []
    without = [replace(theirs, added=0.0)] if theirs.added else []
    others = [_like(theirs, kind, theirs.bound) for kind in ClipKind if kind is not theirs.kind]
    return [*others, *without]


def _like(theirs: Clip, kind: ClipKind, bound: float) -> Clip:
    added = theirs.added if kind is theirs.kind else TORCH_ADDS if kind is ClipKind.ALL else 0.0
    return Clip(kind, bound, added) if kind is not ClipKind.NONE else Clip(kind)


def _epsilons(subject: StepSubject, theirs: Epsilon) -> Iterator[Changed]:
    """At every place those that are usual, and the one that is measured."""
    said = subject.step.read.get("epsilon")
    usual = [*([said.value] if said else []), theirs.value, 1e-7, 1e-8, 1e-6, 1e-5, 1e-3, 1e-10]
    of_maximum = theirs.place in (Place.GRADIENT, Place.DENOMINATOR)
    places = (Place.GRADIENT, Place.DENOMINATOR) if of_maximum else (Place.ROOT, Place.HAT, Place.INSIDE)
    for place in places:
        for value in dict.fromkeys(usual):
            if Epsilon(value, place) != theirs:
                yield {"epsilon": Epsilon(value, place)}
    for place in places:
        yield _measured(subject, "epsilon", lambda x, p=place: Epsilon(x, p), theirs.value, 0.0)


def _measured(
    subject: StepSubject,
    name: str,
    setting: Callable[[float], Any],
    start: float,
    least: float = -np.inf,
    most: float = np.inf,
) -> Changed:
    """The setting that comes nearest to Keras's result, by Newton's method; nothing if it lies outside of bounds.

    Args:
        subject: the result.
        name: of the setting.
        setting: what a number makes of it.
        start: torch's number.
        least, most: that such a number may be.
    """
    step, what = subject.step, subject.what

    def at(x: float) -> Arrays:
        return step.simulated({name: setting(x)})[what]

    x, nudge = float(start), max(abs(start), 1e-6) * 1e-5
    for _ in range(8):
        if not least <= x <= most:
            return {}
        here, beside = at(x), at(x + nudge)
        slope = {k: (beside[k] - y) / nudge for k, y in here.items()}
        square = sum(float(np.sum(np.square(s))) for s in slope.values())
        if not (0 < square < np.inf):
            return {}
        moved = sum(float(np.vdot(s, subject.keras[k] - here[k])) for k, s in slope.items()) / square
        x += moved
        x = least if least - 1e-9 < x < least else x  # rounding
        if abs(moved) <= 1e-12 * max(abs(x), 1e-12):
            break
    return {name: setting(x)} if least <= x <= most and x != start else {}
