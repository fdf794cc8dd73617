"""`nn.MultiheadAttention`: scale, masks, heads, and which projection is which."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypotheses.attention_changes import Change, changes, scaled
from tfvc.parity.diagnosis.hypotheses.attention_equations import Attention, Equations, hiding
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights, on_weights, with_attributes
from tfvc.parity.findings.stage import StageKind

_KIND = "MultiheadAttention"
# Which of query, key and value.
_SOME = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))
# A scale is looked for in so many steps, none of which goes further than this factor.
_STEPS, _FACTOR = 30, 2.0


@register(LayerSubject, _KIND)
def other_equations(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another attention than torch's."""
    module = subject.module
    try:
        masks = Attention.of(subject, _tensors(subject)).masks
    except ValueError:
        return
    size = module.embed_dim // module.num_heads
    for change in changes(masks, module.num_heads, size):
        yield _hypothesis(change)
    yield from _masks_of_keras(subject)


@register(LayerSubject, _KIND)
def projections(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Query, key and value exchanged, in the weights or among the arguments; time and batch exchanged."""
    first = subject.module.batch_first
    cause = f"The layer attends over axis {int(not first)}; with batch_first={first} torch's time is axis {int(first)}."
    fix = "Keras's attention takes [batch, time, features]: transpose in front of it and behind it."
    yield Hypothesis("batch_first", cause, fix, with_attributes(batch_first=not first))
    names = ("query", "key", "value")
    for order in list(permutations(range(3)))[1:]:
        words = ", ".join(names[i] for i in order)
        if hasattr(subject.module, "in_proj_weight") and subject.module.in_proj_weight is not None:
            cause = f"The packed projections are read in the order {words}; torch's is query, key, value."
            fix = "Cut in_proj_weight into query, key and value."
            yield Hypothesis("order of projections", cause, fix, on_weights(_reordered(order)))
        if len(subject.inputs) == 3:
            cause = f"The arguments arrive as {words}; torch's order is query, key, value."
            fix = "Keras's order is query, value, key: pass them by name."
            yield Hypothesis("order of arguments", cause, fix, _with_inputs(order))


@register(LayerSubject, _KIND)
def measured_scale(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Scores times any other number, found on the outputs."""
    module = subject.module
    if subject.what is not StageKind.OUTPUTS:
        return
    try:
        right = Equations(masked=hiding(Attention.of(subject, _tensors(subject)).masks))
        size = module.embed_dim // module.num_heads
        scale = _measured(subject, right, size**-0.5)
    except ValueError:
        return
    yield _hypothesis(scaled("have another scale", scale, size, right))


@register(LayerSubject, _KIND)
def stopped_gradients(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The outputs are right, but no gradient passes the queries, keys, values or weights."""
    if subject.what is not StageKind.GRADIENTS:
        return
    try:
        right = Equations(masked=hiding(Attention.of(subject, _tensors(subject)).masks))
    except ValueError:
        return
    names = ("queries", "keys", "values")
    stopped = {" and ".join(names[i] for i in some): replace(right, stopped=some) for some in _SOME}
    stopped["weights"] = replace(right, after=lambda weights: weights.detach())
    for words, equations in stopped.items():
        cause = f"The outputs are right, but no gradient passes the attention's {words}: something stops it."
        fix = "Take away the stop_gradient (or the conversion to NumPy) on the way."
        yield _hypothesis(Change("gradient stopped", cause, fix, equations))


def _hypothesis(change: Change) -> Hypothesis:
    """The change as a reference that is wrong in this way."""

    def wrong(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        return Attention.of(subject, inputs).run(weights, change.equations, change.heads)

    return Hypothesis(change.name, change.cause, change.fix, wrong)


def _masks_of_keras(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A mask that the Keras layer is given and torch's module is not."""
    import torch

    batch, keys = 0 if subject.module.batch_first else 1, 1 if subject.module.batch_first else 0
    shape = subject.inputs[1].shape
    for mask in (torch.tensor(np.asarray(x)).bool() for x in subject.keras_call.own):
        of_keys = mask.ndim == 2 and tuple(mask.shape) == (shape[batch], shape[keys])
        hidden = ~(mask[:, None, None] if of_keys else mask[:, None] if mask.ndim == 3 else mask)
        cause = f"The layer is given a mask of shape {tuple(mask.shape)}; torch is given none that hides the same."
        equations = Equations(masked=hiding({"of Keras": hidden}))
        yield _hypothesis(Change("another mask", cause, "Pass torch the same, or Keras none.", equations))


def _tensors(subject: LayerSubject) -> list[Any]:
    import torch

    return [torch.tensor(x, dtype=torch.float64) for x in subject.inputs]


def _reordered(order: tuple[int, ...]) -> Callable[[Weights], Weights]:
    import torch

    packed = ("in_proj_weight", "in_proj_bias")
    return lambda w: {k: torch.cat([w[k].chunk(3)[i] for i in order]) for k in packed if k in w}


def _with_inputs(order: tuple[int, ...]) -> Forward:
    return lambda subject, inputs, weights: subject.reference([inputs[i] for i in order], weights)


def _measured(subject: LayerSubject, right: Equations, scale: float) -> float:
    """The scale with which the outputs come nearest to Keras's, by Gauss and Newton.

    Raises:
        ValueError: if the module is of another kind, or the outputs are of another shape.
    """
    name, found = next(iter(subject.keras.items()))

    def output(factor: float) -> np.ndarray:
        change = Change("", "", "", replace(right, scale=scale * factor))
        return subject.results(_hypothesis(change).wrong)[name]

    factor = 1.0
    for _ in range(_STEPS):
        here = output(factor)
        slope = (output(factor * (1 + 1e-6)) - here) / (factor * 1e-6)
        step = float(np.vdot(slope, found - here) / max(np.vdot(slope, slope), 1e-300))
        following = float(np.clip(factor + step, factor / _FACTOR, factor * _FACTOR))
        if abs(following - factor) <= 1e-12 * factor:
            break
        factor = following
    return scale * factor
