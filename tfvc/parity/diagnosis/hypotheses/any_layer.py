"""Hypotheses for a layer of any kind: its output, its gradients, its input, its weights; tried last."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypotheses.tensor_changes import arrangements, changes
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights, on_inputs, on_outputs, on_weights
from tfvc.parity.findings.stage import StageKind


@register(LayerSubject, general=True)
def outputs(subject: LayerSubject) -> Iterator[Hypothesis]:
    """What the layer gives is torch's, changed."""
    reference, found = (next(iter(side.values())) for side in (subject.torch, subject.keras))
    if subject.what is not StageKind.OUTPUTS:
        return
    for change in changes(reference, found):
        yield Hypothesis(
            f"output: {change.name}",
            f"The layer's output is torch's {change.words}.",
            change.fix,
            on_outputs(change.apply),
        )


@register(LayerSubject, general=True)
def gradients(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The outputs are right, the gradients are not: one of them is scaled, missing or permuted."""
    if subject.what is not StageKind.GRADIENTS:
        return
    scales = [np.linalg.norm(y) for y in subject.torch.values()]
    wrong = [
        name
        for name, y in subject.keras.items()
        if np.linalg.norm(y - subject.torch[name]) > 1e-9 * max(np.linalg.norm(subject.torch[name]), 1e-9 * max(scales))
    ]
    for name in wrong:
        for change in changes(subject.torch[name], subject.keras[name]):
            if change.name == "activation":
                continue
            yield Hypothesis(
                f"gradient: {change.name}",
                _of_gradients(subject, wrong, name, change.words),
                "Compare the layer's gradient (custom_gradient, stop_gradient) with the derivative of its output.",
                _with_gradients_of(wrong, change.apply),
            )
        break


@register(LayerSubject, general=True)
def inputs(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The layer works on its input, changed."""
    x = subject.inputs[0]
    if x.dtype.kind != "f" or subject.what is not StageKind.OUTPUTS:
        return
    for change in changes(x, x):
        if change.name in ("scale", "permutation", "zero"):
            continue
        yield Hypothesis(
            f"input: {change.name}",
            f"The layer works on its input {change.words}.",
            change.fix,
            on_inputs(change.apply),
        )
    for axis in range(1, x.ndim):
        for turn in (1, -1):
            yield Hypothesis(
                "input: roll",
                f"The layer works on its input rolled by {turn:+d} along axis {axis}.",
                "Take the roll away; pad instead.",
                on_inputs(lambda t, axis=axis, turn=turn: t.roll(turn, axis)),
            )
    for axis in range(x.ndim):
        yield Hypothesis(
            "input: flip",
            f"The layer works on its input backwards along axis {axis}.",
            "Take the flip away.",
            on_inputs(lambda t, axis=axis: t.flip(axis)),
        )


@register(LayerSubject, general=True)
def weights(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A weight has come into the port in another arrangement, or two have changed places."""
    shapes = {name: tuple(p.shape) for name, p in subject.module.named_parameters()}
    for name, shape in shapes.items():
        for kind, words, change in arrangements(shape):
            yield Hypothesis(
                f"weight: {kind}",
                f"The layer has torch's {name} {words}.",
                f"Load {name} as it is in torch; check how the layer uses it.",
                on_weights(lambda w, name=name, change=change: {**w, name: change(w[name])}),
            )
    for a, b in combinations(shapes, 2):
        if shapes[a] == shapes[b]:
            yield Hypothesis(
                "weight: exchanged",
                f"The layer has torch's {a} and {b} exchanged.",
                "Exchange them in the weight map.",
                on_weights(lambda w, a=a, b=b: {**w, a: w[b], b: w[a]}),
            )


def _of_gradients(subject: LayerSubject, wrong: list[str], name: str, words: str) -> str:
    several = f"of {', '.join(wrong)}" if len(wrong) < len(subject.keras) else "of everything"
    return f"The outputs are right but the gradient {several} is torch's {words}."


def _with_gradients_of(wrong: list[str], change: Callable[[Any], Any]) -> Forward:
    """The reference, whose gradients of some tensors are changed on their way back."""
    import torch

    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        class Changed(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x.clone()

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                return change(g)

        real = [i for i, x in enumerate(inputs) if x.is_floating_point()]
        names = ["input"] if len(real) == 1 else [f"input.{j}" for j in range(len(real))]
        changed = list(inputs)
        for i, name in zip(real, names, strict=True):
            if name in wrong:
                changed[i] = Changed.apply(inputs[i])
        parts = {part for name in wrong for part in subject.parts.get(name, (name,))}
        return subject.reference(changed, {k: Changed.apply(w) if k in parts else w for k, w in weights.items()})

    return forward
