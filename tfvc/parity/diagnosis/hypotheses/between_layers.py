"""What a model does between its layers: an activation, a sum that misses a term, a transpose, a gradient stopped."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.explain import VANISHED
from tfvc.parity.diagnosis.hypotheses.tensor_changes import Change, changes
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject

_FUNCTIONS = {
    "a ReLU": lambda x: np.maximum(x, 0),
    "a tanh": np.tanh,
    "a sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "nothing": lambda x: x,
    "an absolute value": np.abs,
    "a SiLU": lambda x: x / (1 + np.exp(-x)),
    "an ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
}
# So many layers back a residual connection is looked for.
_BACK = 8


@register(TensorSubject)
def functions_of_earlier_layers(subject: TensorSubject) -> Iterator[Hypothesis]:
    """Another activation than torch's, or a sum that misses a term."""
    theirs, ours = subject.torch, subject.keras
    if theirs.shape != ours.shape:
        return
    for path, output in reversed(list(subject.earlier.items())[-_BACK:]):
        for axes in permutations(range(output.ndim)):
            if tuple(output.shape[a] for a in axes) == theirs.shape:
                yield from _of_one(subject, path, np.transpose(output, axes))


def _of_one(subject: TensorSubject, path: str, y: np.ndarray) -> Iterator[Hypothesis]:
    """What Keras's tensor may be of the output of one layer."""
    theirs, ours = subject.torch, subject.keras
    right, wrong = _function(y, theirs), _function(y, ours)
    if right and wrong and right != wrong:
        yield _replaced(subject, f"there is {wrong} where torch has {right}", f"Put {right} there.")
    elif wrong == "nothing" and not right:
        words = f"what {path} gives arrives unchanged, while torch does something with it"
        yield _replaced(subject, words, "Compare with the torch module's forward.")
    scale = float(np.vdot(y, ours - theirs) / max(np.vdot(y, y), 1e-300))
    if scale and np.linalg.norm(ours - theirs - scale * y) <= VANISHED * np.linalg.norm(ours - theirs):
        times = "" if abs(abs(scale) - 1) < 1e-9 else f"{abs(scale):.6g} times "
        words = f"{times}the output of {path} is {'added' if scale > 0 else 'missing'}"
        yield _replaced(subject, words, "Compare the sums (residual connections) with torch's.")


def _replaced(subject: TensorSubject, words: str, fix: str) -> Hypothesis:
    import torch

    return Hypothesis("function", f"{subject.place}: {words}.", fix, lambda x: torch.tensor(subject.keras))


def _function(x: np.ndarray, y: np.ndarray) -> str:
    """Which function of x is y; empty if none that is known."""
    with np.errstate(all="ignore"):
        for name, function in _FUNCTIONS.items():
            if np.linalg.norm(function(x) - y) <= VANISHED * np.linalg.norm(y):
                return name
        negative = x < 0
        if negative.any() and np.allclose(x[~negative], y[~negative], rtol=1e-6):
            slope = float(np.median(y[negative] / x[negative]))
            if np.linalg.norm(np.where(negative, slope * x, x) - y) <= VANISHED * np.linalg.norm(y):
                return f"a LeakyReLU of slope {slope:.6g}"
    return ""


@register(TensorSubject)
def terms_of_the_loss(subject: TensorSubject) -> Iterator[Hypothesis]:
    """A term of the loss whose gradient does not pass, or passes with another weight."""
    theirs, ours = subject.torch, subject.keras
    for term, gradient in subject.terms.items():
        if gradient.shape == ours.shape == theirs.shape:
            weight = float(np.vdot(gradient, ours - theirs) / max(np.vdot(gradient, gradient), 1e-300))
            yield Hypothesis(
                "gradient: term",
                f"{subject.place} is torch's {'without' if weight < 0 else 'with too much,'} {abs(weight):.6g} times "
                f"that of {term}.",
                f"Let the gradient of {term} pass (no stop_gradient), with torch's weight.",
                lambda x, more=weight * gradient: x + _tensor(more),
            )


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.tensor(array)


@register(TensorSubject, general=True)
def changed(subject: TensorSubject) -> Iterator[Hypothesis]:
    """The tensor is torch's, changed."""
    for change in changes(subject.torch, subject.keras):
        yield _of_gradient(subject, change) if subject.is_gradient else _of_tensor(subject, change)


def _of_tensor(subject: TensorSubject, change: Change) -> Hypothesis:
    return Hypothesis(change.name, f"{subject.place}: the result is torch's {change.words}.", change.fix, change.apply)


def _of_gradient(subject: TensorSubject, change: Change) -> Hypothesis:
    if change.name == "zero":
        cause = f"{subject.place} is zero: something stops it."
        fix = "Take away the stop_gradient (or the conversion to NumPy) on the way."
        return Hypothesis("gradient stopped", cause, fix, change.apply)
    cause = f"{subject.place} is torch's {change.words}."
    return Hypothesis(f"gradient: {change.name}", cause, change.fix, change.apply)
