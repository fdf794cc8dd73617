"""Optimizers: the constants of Adam, its epsilon, weight decay, the learning rate, what is not trained."""

from collections.abc import Callable, Iterator

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.step import Arrays, Step, StepSubject, ratio_of
from tfvc.parity.findings.stage import StageKind

_SLOTS = (StageKind.MOMENTUM, StageKind.VELOCITY)


@register(StepSubject)
def betas(subject: StepSubject) -> Iterator[Hypothesis]:
    """Another beta, measured on its slot."""
    theirs, ratio = subject.step.group.get("betas"), subject.ratio
    if subject.what not in _SLOTS or theirs is None or abs(ratio - 1) <= 1e-9:
        return
    i = _SLOTS.index(subject.what)
    ours = 1 - ratio * (1 - theirs[i])
    yield Hypothesis(
        f"beta_{i + 1}",
        f"The optimizer's beta_{i + 1} is {ours:.10g}, torch's {theirs[i]:g}.",
        f"Pass beta_{i + 1}={theirs[i]:g}.",
        lambda slot: {k: x * ratio for k, x in slot.items()},
    )


@register(StepSubject)
def coupled_decay(subject: StepSubject) -> Iterator[Hypothesis]:
    """Decay that is added to the gradients."""
    if subject.what is not StageKind.MOMENTUM:
        return
    before, group = subject.step.before, subject.step.group
    decay = ratio_of(before, {k: subject.keras[k] - x for k, x in subject.torch.items()})
    theirs = group.get("betas")
    constant = 1 - theirs[0] if theirs else 1.0
    yield Hypothesis(
        "coupled weight decay",
        f"{decay / constant:.6g} times the weights is added to the gradients (L2), in torch "
        f"{group.get('weight_decay', 0):g}.",
        "Use decoupled decay (AdamW) or none, as torch does.",
        lambda momentum: {k: x + decay * before[k] for k, x in momentum.items()},
    )


@register(StepSubject)
def rule_of_adam(subject: StepSubject) -> Iterator[Hypothesis]:
    """Adam's epsilon: how large it is, and whether it is added before or after the bias correction."""
    step, group = subject.step, subject.step.group
    theirs_of_betas, rate = group.get("betas"), group.get("lr")
    if subject.what is not StageKind.WEIGHTS or theirs_of_betas is None or set(step.slots) != set(_SLOTS):
        return
    m, v = (step.slots[slot][0] for slot in _SLOTS)
    first, second = (1 - beta for beta in theirs_of_betas)
    # Keras's own Adam corrects by betas that were rounded to float32.
    rounded = [1 - float(np.float32(beta)) for beta in theirs_of_betas]
    theirs = group["eps"]
    decayed = _decayed(step)

    def update(denominator: Callable[[np.ndarray], np.ndarray], of_first: float = first) -> Callable[[Arrays], Arrays]:
        return lambda moves: {k: decayed[k] - rate * (m[k] / of_first) / denominator(v[k]) for k in m}

    for epsilon in dict.fromkeys([*([step.epsilon] if step.epsilon else []), theirs, 1e-7, 1e-8, 1e-6, 1e-5, 1e-3]):
        yield Hypothesis(
            "epsilon hat",
            f"The optimizer adds epsilon {epsilon:g} before the bias correction (epsilon hat), torch {theirs:g} after.",
            "Use an Adam that adds epsilon to the corrected root (tfvc.optimizers.adam.Adam).",
            update(lambda x, e=epsilon: (np.sqrt(x) + e) / np.sqrt(rounded[1]), rounded[0]),
        )
        if epsilon != theirs:
            yield Hypothesis(
                "optimizer epsilon",
                f"The optimizer's epsilon is {epsilon:g}, torch's {theirs:g}.",
                f"Pass epsilon={theirs:g} (Keras's default is 1e-7, torch's 1e-8).",
                update(lambda x, e=epsilon: np.sqrt(x) / np.sqrt(second) + e),
            )
        yield Hypothesis(
            "epsilon under the root",
            f"Epsilon {epsilon:g} is added under the root, in torch outside.",
            "Add epsilon to the root, not to its argument.",
            update(lambda x, e=epsilon: np.sqrt(x / second + e)),
        )
    yield Hypothesis(
        "no bias correction",
        "The optimizer does not correct the bias of its running means.",
        "Divide by 1 - beta ** step.",
        update(lambda x: np.sqrt(x) + theirs, 1.0),
    )


def _decayed(step: Step) -> Arrays:
    """What torch's decoupled decay does to the weights."""
    decay = step.group.get("weight_decay", 0) if step.group.get("decoupled_weight_decay") else 0
    return {k: -step.group["lr"] * decay * w for k, w in step.before.items()}


@register(StepSubject)
def learning_rate(subject: StepSubject) -> Iterator[Hypothesis]:
    """The weights move too far, too little, or in the opposite direction."""
    ratio, rate = subject.ratio, subject.step.group.get("lr", 0.0)
    if subject.what is not StageKind.WEIGHTS or abs(ratio - 1) <= 1e-9:
        return

    def scaled(moves: Arrays) -> Arrays:
        return {k: x * ratio for k, x in moves.items()}

    if abs(ratio + 1) < 1e-6:
        yield Hypothesis("ascent", "The weights move in the opposite direction.", "Subtract the step.", scaled)
        return
    yield Hypothesis(
        "learning rate",
        f"The learning rate is {ratio * rate:.6g}, torch's {rate:g}.",
        f"Pass learning_rate={rate:g}.",
        scaled,
    )


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
def decay(subject: StepSubject) -> Iterator[Hypothesis]:
    """Decoupled decay of another size."""
    step = subject.step
    rate, theirs = step.group.get("lr", 0.0), step.group.get("weight_decay", 0)
    if subject.what is not StageKind.WEIGHTS:
        return
    more = ratio_of(step.before, {k: subject.keras[k] - x for k, x in subject.torch.items()})
    if rate and abs(more) > 0:
        yield Hypothesis(
            "weight decay",
            f"The weights decay by {theirs - more / rate:.6g} times the learning rate, torch's by {theirs:g}.",
            f"Pass weight_decay={theirs:g} (AdamW: torch's default is 0.01, Keras's 0.004).",
            lambda moves: {k: x + more * step.before[k] for k, x in moves.items()},
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
