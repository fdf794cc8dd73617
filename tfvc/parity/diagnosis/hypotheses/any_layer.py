"""Hypotheses for a layer of any kind: its input, its output, its weights, its gradients, its precision."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tfvc.parity.diagnosis.hypotheses.tensor_changes import arrangements, changes
from tfvc.parity.diagnosis.subjects.layer import Imitation, Suspect, on_inputs, on_outputs, on_weights


def outputs(suspect: Suspect) -> Iterator[Imitation]:
    """What the layer gives is torch's, changed."""
    reference, found = (next(iter(side.values())) for side in (suspect.torch, suspect.keras))
    if suspect.what != "outputs":
        return
    for change in changes(reference, found):
        yield Imitation(
            f"output: {change.name}",
            f"The layer's output is torch's {change.words}.",
            change.mend,
            on_outputs(suspect, change.apply),
        )


def inputs(suspect: Suspect) -> Iterator[Imitation]:
    """The layer works on its input, changed."""
    x = suspect.inputs[0]
    if x.dtype.kind != "f" or suspect.what != "outputs":
        return
    for change in changes(x, x):
        if change.name in ("scale", "permutation", "zero"):
            continue
        yield Imitation(
            f"input: {change.name}",
            f"The layer works on its input {change.words}.",
            change.mend,
            on_inputs(suspect, change.apply),
        )
    for axis in range(1, x.ndim):
        for turn in (1, -1):
            yield Imitation(
                "input: roll",
                f"The layer works on its input rolled by {turn:+d} along axis {axis}.",
                "Take the roll away; pad instead.",
                on_inputs(suspect, lambda t, axis=axis, turn=turn: t.roll(turn, axis)),
            )
    for axis in range(x.ndim):
        yield Imitation(
            "input: flip",
            f"The layer works on its input backwards along axis {axis}.",
            "Take the flip away.",
            on_inputs(suspect, lambda t, axis=axis: t.flip(axis)),
        )


def weights(suspect: Suspect) -> Iterator[Imitation]:
    """A weight has come into the port in another arrangement, or two have changed places."""
    shapes = {name: tuple(p.shape) for name, p in suspect.module.named_parameters()}
    for name, shape in shapes.items():
        for kind, words, change in arrangements(shape):
            yield Imitation(
                f"weight: {kind}",
                f"The layer has torch's {name} {words}.",
                f"Load {name} as it is in torch; check how the layer uses it.",
                on_weights(suspect, lambda w, name=name, change=change: {**w, name: change(w[name])}),
            )
    for a, b in combinations(shapes, 2):
        if shapes[a] == shapes[b]:
            yield Imitation(
                "weight: exchanged",
                f"The layer has torch's {a} and {b} exchanged.",
                "Exchange them in the weight map.",
                on_weights(suspect, lambda w, a=a, b=b: {**w, a: w[b], b: w[a]}),
            )


def gradients(suspect: Suspect) -> Iterator[Imitation]:
    """The outputs are right, the gradients are not: one of them is scaled, missing or permuted."""
    if suspect.what != "gradients":
        return
    scales = [np.linalg.norm(y) for y in suspect.torch.values()]
    wrong = [
        name
        for name, y in suspect.keras.items()
        if np.linalg.norm(y - suspect.torch[name]) > 1e-9 * max(np.linalg.norm(suspect.torch[name]), 1e-9 * max(scales))
    ]
    for name in wrong:
        for change in changes(suspect.torch[name], suspect.keras[name]):
            if change.name == "activation":
                continue
            yield Imitation(
                f"gradient: {change.name}",
                _of_gradients(suspect, wrong, name, change.words),
                "Compare the layer's gradient (custom_gradient, stop_gradient) with the derivative of its output.",
                _wrong_gradients(suspect, wrong, change.apply),
            )
        break


def _of_gradients(suspect: Suspect, wrong: list[str], name: str, words: str) -> str:
    several = f"of {', '.join(wrong)}" if len(wrong) < len(suspect.keras) else "of everything"
    return f"The outputs are right but the gradient {several} is torch's {words}."


def _wrong_gradients(suspect: Suspect, wrong: list[str], change):
    """The reference, whose gradients of some tensors are changed on their way back."""
    import torch

    def forward(inputs, weights):
        class Changed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, g):
                return change(g)

        real = [i for i, x in enumerate(inputs) if x.is_floating_point()]
        names = ["input"] if len(real) == 1 else [f"input.{j}" for j in range(len(real))]
        changed = list(inputs)
        for i, name in zip(real, names, strict=True):
            if name in wrong:
                changed[i] = Changed.apply(inputs[i])
        parts = {part for name in wrong for part in name.split(" + ")}
        return suspect.reference(changed, {k: Changed.apply(w) if k in parts else w for k, w in weights.items()})

    return forward


def mode(suspect: Suspect) -> Iterator[Imitation]:
    """The layer does not know whether it is training."""

    def forward(inputs, weights):
        suspect.module.train(not suspect.training)
        return suspect.reference(inputs, weights)

    if suspect.training:
        cause = "In training the layer does what it should do in inference."
    else:
        cause = "In inference the layer does what it should do in training."
    yield Imitation(
        "training flag",
        cause,
        f"Pass training={suspect.training} to the call; Keras's default of a direct call is training=False.",
        forward,
    )
