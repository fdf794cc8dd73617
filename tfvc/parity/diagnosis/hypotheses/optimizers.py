"""A training step that goes wrong behind its gradients: clipping, the optimizer's slots, its rule, its constants."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis.subjects.step import Arrays, Step, error, ratio_of, recorded
from tfvc.parity.findings.layer import Diagnosis, Evidence
from tfvc.parity.findings.row import Row

if TYPE_CHECKING:
    from tfvc.parity.runner import Comparison

EQUAL = 1e-5


def diagnose_step(comparison: "Comparison", row: Row) -> None:
    """Adds a diagnosis for the first training step, whose stage `row` is the first that failed."""
    stage = row.stage.rpartition(": ")[2]
    if stage not in ("clipped gradients", "momentum", "velocity", "weights"):
        return
    name = row.stage.rpartition(": ")[0]
    turns = comparison.case.all_turns
    turn = next((t for t in turns if t.name == name), None) or next((t for t in turns if t.owns(row.key)), turns[0])
    step = recorded(comparison, turn)
    kind = "gradient clipping" if stage == "clipped gradients" else "optimizer"
    evidence = []
    for hypothesis, cause, mend, what, predicted in _hypotheses(step):
        before, after = error(*what), error(predicted, what[1])
        explains = after <= EQUAL and after <= 1e-3 * before
        evidence.append(Evidence(hypothesis, before, after, explains))
        if explains:
            kind = "gradient clipping" if hypothesis.startswith("clipping") else kind
            found = tuple(sorted(evidence, key=lambda e: not e.explains))
            comparison.report.diagnoses.append(
                Diagnosis(kind, kind, _name(comparison, turn), row, hypothesis, cause, mend, found)
            )
            return
    mend = f"The gradients are right, {row.stage} is not: compare the two optimizers' constants and update rules."
    comparison.report.diagnoses.append(
        Diagnosis(kind, kind, _name(comparison, turn), row, "", "", mend, tuple(evidence))
    )


def _name(comparison: "Comparison", turn: Turn) -> str:
    return type(comparison.keras64._optimizers[turn.name]).__name__


Hypothesis = tuple[str, str, str, tuple[Arrays, Arrays], Arrays]


def _hypotheses(step: Step) -> Iterator[Hypothesis]:
    """(name, cause, mend, (torch's, Keras's), what torch's would be with the difference)."""
    yield from _clipping(step)
    yield from _slots(step)
    yield from _rule(step)
    yield from _scale(step)
    yield from _decay(step)
    yield from _untrained(step)


def _clipping(step: Step) -> Iterator[Hypothesis]:
    if step.clip is None or "momentum" not in step.slots:
        return
    both = step.slots["momentum"]
    total = sum(float(np.sum(np.square(g))) for g in step.raw.values()) ** 0.5
    torch_factor = min(1.0, step.clip / (total + 1e-6))
    # Of a first step, momentum is the gradient times a constant.
    to_momentum = ratio_of({k: g * torch_factor for k, g in step.raw.items()}, both[0])

    def with_factor(factor: Callable[[np.ndarray], float]) -> Arrays:
        return {k: g * factor(g) * to_momentum for k, g in step.raw.items()}

    each = with_factor(lambda g: min(1.0, step.clip / max(float(np.linalg.norm(g)), 1e-300)))
    yield (
        "clipping: each variable",
        "Each gradient is clipped by its own norm; torch's clip_grad_norm_ clips by the norm of all together.",
        "Pass global_clipnorm, not clipnorm, or use tfvc.optimizers.adam.clip_by_global_norm.",
        both,
        each,
    )
    yield (
        "clipping: none",
        "The gradients are not clipped.",
        "Clip them by their global norm before the optimizer's step.",
        both,
        with_factor(lambda g: 1.0),
    )
    yield (
        "clipping: by value",
        "Each element of a gradient is clipped; torch clips the norm of all together.",
        "Clip by the global norm, not by value.",
        both,
        {k: np.clip(g, -step.clip, step.clip) * to_momentum for k, g in step.raw.items()},
    )
    ratio = ratio_of(*both) * torch_factor
    yield (
        "clipping: bound",
        f"The gradients are clipped to a norm of {ratio * total:.6g}; torch's bound is {step.clip:g}.",
        f"Clip to {step.clip:g}.",
        both,
        with_factor(lambda g: ratio),
    )


def _slots(step: Step) -> Iterator[Hypothesis]:
    betas = step.group.get("betas")
    for i, slot in enumerate(("momentum", "velocity")):
        if slot not in step.slots or betas is None:
            continue
        both = step.slots[slot]
        ratio = ratio_of(*both)
        beta = 1 - ratio * (1 - betas[i])
        if abs(ratio - 1) > 1e-9:
            yield (
                f"beta_{i + 1}",
                f"The optimizer's beta_{i + 1} is {beta:.10g}, torch's {betas[i]:g}.",
                f"Pass beta_{i + 1}={betas[i]:g}.",
                both,
                {k: x * ratio for k, x in both[0].items()},
            )
    if "momentum" in step.slots:
        both = step.slots["momentum"]
        rest = {k: both[1][k] - both[0][k] for k in both[0]}
        decay = ratio_of(step.before, rest)
        constant = 1 - betas[0] if betas else 1.0
        yield (
            "coupled weight decay",
            f"{decay / constant:.6g} times the weights is added to the gradients (L2), in torch "
            f"{step.group.get('weight_decay', 0):g}.",
            "Use decoupled decay (AdamW) or none, as torch does.",
            both,
            {k: x + decay * step.before[k] for k, x in both[0].items()},
        )


def _rule(step: Step) -> Iterator[Hypothesis]:
    """Adam's epsilon: how large it is, and whether it is added before or after the bias correction."""
    betas, rate = step.group.get("betas"), step.group.get("lr")
    if betas is None or set(step.slots) != {"momentum", "velocity"}:
        return
    m, v = step.slots["momentum"][0], step.slots["velocity"][0]
    first, second = 1 - betas[0], 1 - betas[1]
    # Keras's own Adam corrects by betas that were rounded to float32.
    rounded = 1 - float(np.float32(betas[0])), 1 - float(np.float32(betas[1]))
    both = step.theirs, step.ours
    theirs = step.group["eps"]
    decayed = _decayed(step)

    def update(denominator: Callable[[np.ndarray], np.ndarray]) -> Arrays:
        return {k: decayed[k] - rate * (m[k] / first) / denominator(v[k]) for k in m}

    for epsilon in dict.fromkeys([*([step.epsilon] if step.epsilon else []), theirs, 1e-7, 1e-8, 1e-6, 1e-5, 1e-3]):
        yield (
            "epsilon hat",
            f"The optimizer adds epsilon {epsilon:g} before the bias correction (epsilon hat), torch {theirs:g} after.",
            "Use an Adam that adds epsilon to the corrected root (tfvc.optimizers.adam.Adam).",
            both,
            {
                k: x * first / rounded[0]
                for k, x in update(lambda x, e=epsilon: (np.sqrt(x) + e) / np.sqrt(rounded[1])).items()
            },
        )
        if epsilon != theirs:
            yield (
                "optimizer epsilon",
                f"The optimizer's epsilon is {epsilon:g}, torch's {theirs:g}.",
                f"Pass epsilon={theirs:g} (Keras's default is 1e-7, torch's 1e-8).",
                both,
                update(lambda x, e=epsilon: np.sqrt(x) / np.sqrt(second) + e),
            )
        yield (
            "epsilon under the root",
            f"Epsilon {epsilon:g} is added under the root, in torch outside.",
            "Add epsilon to the root, not to its argument.",
            both,
            update(lambda x, e=epsilon: np.sqrt(x / second + e)),
        )
    yield (
        "no bias correction",
        "The optimizer does not correct the bias of its running means.",
        "Divide by 1 - beta ** step.",
        both,
        {k: decayed[k] - rate * m[k] / (np.sqrt(v[k]) + theirs) for k in m},
    )


def _decayed(step: Step) -> Arrays:
    """What torch's decoupled decay does to the weights."""
    decay = step.group.get("weight_decay", 0) if step.group.get("decoupled_weight_decay") else 0
    return {k: -step.group["lr"] * decay * w for k, w in step.before.items()}


def _scale(step: Step) -> Iterator[Hypothesis]:
    both = step.theirs, step.ours
    ratio = ratio_of(*both)
    rate = step.group.get("lr", 0.0)
    scaled = {k: x * ratio for k, x in step.theirs.items()}
    if abs(ratio + 1) < 1e-6:
        yield "ascent", "The weights move in the opposite direction.", "Subtract the step.", both, scaled
    elif abs(ratio - 1) > 1e-9:
        yield (
            "learning rate",
            f"The learning rate is {ratio * rate:.6g}, torch's {rate:g}.",
            f"Pass learning_rate={rate:g}.",
            both,
            scaled,
        )
    joint = {k: x / 2 if " + " in k else x for k, x in step.theirs.items()}
    if any(" + " in k for k in step.theirs):
        yield (
            "one bias for two",
            "Keras has one bias where torch has two, and trains both: their sum moves twice as far.",
            "Use a layer with both biases (tfvc.layers.LSTM), or accept that training differs in this.",
            both,
            joint,
        )


def _decay(step: Step) -> Iterator[Hypothesis]:
    both = step.theirs, step.ours
    rate, theirs = step.group.get("lr", 0.0), step.group.get("weight_decay", 0)
    rest = {k: step.ours[k] - step.theirs[k] for k in step.theirs}
    decay = ratio_of(step.before, rest)
    if rate and abs(decay) > 0:
        yield (
            "weight decay",
            f"The weights decay by {theirs - decay / rate:.6g} times the learning rate, torch's by {theirs:g}.",
            f"Pass weight_decay={theirs:g} (AdamW: torch's default is 0.01, Keras's 0.004).",
            both,
            {k: x + decay * step.before[k] for k, x in step.theirs.items()},
        )


def _untrained(step: Step) -> Iterator[Hypothesis]:
    still = [k for k, x in step.ours.items() if not np.any(x) and np.any(step.theirs[k])]
    if still:
        yield (
            "not trained",
            f"The optimizer does not move {', '.join(still[:5])}{' and more' if len(still) > 5 else ''}.",
            "Pass all trainable variables to apply_gradients.",
            (step.theirs, step.ours),
            {k: x * (k not in still) for k, x in step.theirs.items()},
        )
