"""What a model does between its layers: an activation, a sum that misses a term, a transpose, a gradient stopped."""

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.explain import FEW, VANISHED
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
    "a ReLU that ends at 6": lambda x: np.clip(x, 0, 6),
    "a GELU": lambda x: _torch_function("gelu", x),
    "a GELU by tanh": lambda x: _torch_function("gelu", x, approximate="tanh"),
    "a softplus": lambda x: np.logaddexp(x, 0),
    "an ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
}


def _torch_function(name: str, x: np.ndarray, **kwargs: Any) -> np.ndarray:
    import torch

    return getattr(torch.nn.functional, name)(torch.tensor(x), **kwargs).numpy()


# What is known then is only that something is missing.
UNCHANGED = "unchanged"
# A term that one of the two sums has.
SUM = "sum"
# So many tensors back, two of a layer, a residual connection is looked for.
_BACK = 16


@register(TensorSubject)
def functions_of_earlier_layers(subject: TensorSubject) -> Iterator[Hypothesis]:
    """A sum that misses a term, or another activation than torch's."""
    theirs = subject.torch
    if theirs.shape != subject.keras.shape:
        return
    yield from _pooled(subject)
    near = [
        (words, np.transpose(tensor, axes))
        for words, tensor in reversed(list(subject.earlier.items())[-_BACK:])
        for axes in permutations(range(tensor.ndim))
        if tuple(tensor.shape[a] for a in axes) == theirs.shape
    ]
    # A table of positions is one for the whole batch.
    near += [
        (words, np.broadcast_to(tensor, theirs.shape))
        for words, tensor in reversed(list(subject.earlier.items())[-_BACK:])
        if tensor.shape == (1, *theirs.shape[1:]) and len(theirs) > 1
    ]
    # A term that is missing leaves what the other terms give, which would pass for a function of them.
    for words, tensor in near:
        yield from _term(subject, words, tensor)
    for words, tensor in near:
        yield from _function_of(subject, words, tensor)


def _pooled(subject: TensorSubject) -> Iterator[Hypothesis]:
    """The mean over some axes where torch has the maximum, or the other way round."""
    ways = {"mean": np.mean, "maximum": np.max}
    for words, tensor in reversed(list(subject.earlier.items())[-2:]):
        for axes in combinations(range(1, tensor.ndim), max(tensor.ndim - subject.torch.ndim, 0)):
            pooled = {way: function(tensor, axes) for way, function in ways.items()} if axes else {}
            theirs, ours = (
                next((way for way, x in pooled.items() if x.shape == y.shape and _near(x, y)), None)
                for y in (subject.torch, subject.keras)
            )
            if theirs and ours and theirs != ours:
                said = f"there is the {ours} of {words} where torch has the {theirs}"
                yield _replaced(subject, said, f"Pool by the {theirs}.", "pooling")


def _near(x: np.ndarray, y: np.ndarray) -> bool:
    return bool(np.linalg.norm(x - y) <= VANISHED * np.linalg.norm(y))


def _term(subject: TensorSubject, words: str, y: np.ndarray) -> Iterator[Hypothesis]:
    """An earlier tensor that is in one of two sums, or more often than in the other; a ReLU may stand behind them."""
    theirs, ours = subject.torch, subject.keras
    # Where a ReLU lets both pass, the sums are to be seen.
    passing = (theirs > 0) & (ours > 0) if min(theirs.min(), ours.min()) >= 0 else np.ones(theirs.shape, bool)
    difference, part = (ours - theirs)[passing], y[passing]
    times = float(np.vdot(part, difference) / max(np.vdot(part, part), 1e-300))
    left = np.linalg.norm(difference - times * part)
    if difference.size > FEW and times and left <= VANISHED * np.linalg.norm(difference):
        whole = abs(abs(times) - 1) < 1e-9
        much = "" if whole else f"{abs(times):.6g} times "
        # What enters a layer and is added behind it goes round it.
        term = "a residual term" if words.startswith("the input") else "a term"
        said = f"{term}, {much}{words}, is {'added that torch does not add' if times > 0 else 'missing'}"
        # A part of a term may as well be a layer's that gives it scaled.
        name = SUM if whole else "scaled term"
        yield _replaced(subject, said, "Compare the sums (residual connections) with torch's.", name)


def _function_of(subject: TensorSubject, path: str, y: np.ndarray) -> Iterator[Hypothesis]:
    """What Keras's tensor may be of an earlier one."""
    theirs, ours = subject.torch, subject.keras
    right, wrong = _function(y, theirs), _function(y, ours)
    if right and wrong and right != wrong:
        yield _replaced(subject, f"there is {wrong} where torch has {right}", f"Put {right} there.")
    elif wrong == "nothing" and not right:
        words = f"{path} arrives unchanged, while torch does something with it"
        yield _replaced(subject, words, "Compare with the torch module's forward.", UNCHANGED)


def _replaced(subject: TensorSubject, words: str, fix: str, name: str = "function") -> Hypothesis:
    import torch

    return Hypothesis(name, f"{subject.place}: {words}.", fix, lambda x: torch.tensor(subject.keras))


def _function(x: np.ndarray, y: np.ndarray) -> str:
    """Which function of x is y; empty if none that is known."""
    with np.errstate(all="ignore"):
        for name, function in _FUNCTIONS.items():
            if _near(function(x), y):
                return name
        if (bound := float(y.max())) > 0 and _near(np.clip(x, 0, bound), y):
            return f"a ReLU that ends at {bound:.6g}"
        negative = x < 0
        if negative.any() and np.allclose(x[~negative], y[~negative], rtol=1e-6):
            slope = float(np.median(y[negative] / x[negative]))
            if _near(np.where(negative, slope * x, x), y):
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
