"""A loss that differs though what it is computed from is right."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.loss import LossSubject


@register(LossSubject)
def function_of_the_loss(subject: LossSubject) -> Iterator[Hypothesis]:
    """Its sign, its root, its square."""
    key = subject.key
    yield Hypothesis(
        "loss: sign", f"The loss {key} has the opposite sign.", "Minimise it, do not maximise it.", lambda loss: -loss
    )
    if subject.torch[key] > 0:
        root = f"The loss {key} is the root of torch's."
        yield Hypothesis("loss: root", root, "Do not take the root.", lambda loss: loss**0.5)
        square = f"The loss {key} is the square of torch's."
        yield Hypothesis("loss: square", square, "Do not square it.", lambda loss: loss**2)


@register(LossSubject)
def sum_or_mean(subject: LossSubject) -> Iterator[Hypothesis]:
    """A sum where torch takes the mean, or the other way round, over any axes of any tensor that a layer gives."""
    sizes: dict[int, str] = {}
    for shape in subject.shapes:
        for count in range(1, len(shape) + 1):
            for axes in combinations(range(len(shape)), count):
                sizes.setdefault(int(np.prod([shape[a] for a in axes])), f"axes {axes} of a tensor of shape {shape}")
    for size, where in sizes.items():
        if size > 1:
            yield Hypothesis(
                "loss: sum",
                f"The loss {subject.key} is {size} times torch's: a sum over {where} where torch takes the mean.",
                "Take the mean over all axes, the batch included.",
                lambda loss, size=size: loss * size,
            )
            yield Hypothesis(
                "loss: mean",
                f"The loss {subject.key} is torch's divided by {size}: a mean over {where} where torch takes the sum.",
                "Sum over those axes.",
                lambda loss, size=size: loss / size,
            )


@register(LossSubject)
def factor_of_two(subject: LossSubject) -> Iterator[Hypothesis]:
    """The half of a mean square."""
    half = f"The loss {subject.key} is half of torch's."
    yield Hypothesis("loss: half", half, "Take the mean square without the factor 1/2.", lambda loss: loss / 2)
    twice = f"The loss {subject.key} is twice torch's."
    yield Hypothesis("loss: twice", twice, "Take away the factor 2.", lambda loss: loss * 2)


@register(LossSubject)
def weight_of_a_term(subject: LossSubject) -> Iterator[Hypothesis]:
    """Too much or too little of another loss."""
    key, right = subject.key, subject.torch[subject.key]
    for name, value in subject.torch.items():
        if name == key or not value:
            continue
        weight = (subject.keras[key] - right) / value
        # Some weight always fits one number; only a round one says anything.
        if abs(weight) > 1e-9 and abs(weight - float(f"{weight:.2g}")) < 1e-9 * abs(weight):
            yield Hypothesis(
                "loss: weight",
                f"The loss {key} has {abs(weight):.6g} times {name} too {'much' if weight > 0 else 'little'}.",
                f"Check the weight of {name}.",
                lambda loss, more=weight * value: loss + more,
            )
