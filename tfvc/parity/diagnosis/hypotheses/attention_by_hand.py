"""An attention that a model computes between its projections, as most do that are not `nn.MultiheadAttention`.

What torch computes there is found out first: which of the tensors before it are queries, keys and values, how many
heads, which mask. Only then is it known what a port's other scale, mask or axis would give.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.explain import VANISHED
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject

# More queries and keys than these would take long.
_MOST = 1 << 22
_HIDDEN = -1e9
# A large negative number is added to the scores of hidden keys, or takes their place; their weights may be taken away.
_ADDED, _REPLACED, _ZEROED = "added", "replaced", "zeroed"


@dataclass(frozen=True)
class _Attention:
    """How `[batch, time, features]` of queries, keys and values become one such tensor.

    `hidden` says which keys no query sees, `[batch, queries, keys]`; `axis` is that of the softmax over
    `[batch, heads, queries, keys]`; `hiding` what is done to hidden keys, which shows where all are.
    """

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray
    heads: int
    hidden: np.ndarray
    scale: float
    axis: int = -1
    hiding: str = _ADDED

    def result(self) -> np.ndarray:
        batch, time, features = self.queries.shape
        queries, keys, values = (
            x.reshape(batch, x.shape[1], self.heads, -1).transpose(0, 2, 1, 3)
            for x in (self.queries, self.keys, self.values)
        )
        hidden = self.hidden[:, None]
        scores = queries @ keys.transpose(0, 1, 3, 2) * self.scale
        scores = scores + _HIDDEN * hidden if self.hiding == _ADDED else np.where(hidden, _HIDDEN, scores)
        scores = np.exp(scores - scores.max(self.axis, keepdims=True))
        weights = scores / scores.sum(self.axis, keepdims=True)
        if self.hiding == _ZEROED:
            weights = weights * ~hidden
        return (weights @ values).transpose(0, 2, 1, 3).reshape(batch, time, features)


@register(TensorSubject)
def attention_by_hand(subject: TensorSubject) -> Iterator[Hypothesis]:
    """Another scale, mask or axis than torch's."""
    theirs, ours = subject.torch, subject.keras
    if subject.is_gradient or theirs.ndim != 3 or theirs.shape != ours.shape:
        return
    torch_does = next(_found(subject), None)
    if torch_does is None:
        return
    for cause, fix, mistaken in _mistakes(torch_does):
        ways = (replace(mistaken, hiding=hiding) for hiding in (_ADDED, _REPLACED, _ZEROED))
        other = next((one for one in ways if _near(one.result(), ours)), None)
        if other is not None:
            yield Hypothesis("attention", f"{subject.place}: {cause}.", fix, lambda x, y=other: _tensor(y.result()))


def _tensor(x: np.ndarray) -> Any:
    import torch

    return torch.tensor(x)


def _near(x: np.ndarray, y: np.ndarray) -> bool:
    return bool(np.linalg.norm(x - y) <= VANISHED * np.linalg.norm(y))


def _found(subject: TensorSubject) -> Iterator[_Attention]:
    """Every attention over earlier tensors that gives torch's."""
    batch, time, features = subject.torch.shape
    for queries, keys, values in _triples(subject):
        if batch * time * keys.shape[1] > _MOST:
            continue
        nothing = np.zeros((batch, time, keys.shape[1]), bool)
        for heads in (n for n in range(1, features + 1) if features % n == 0):
            plain = _Attention(queries, keys, values, heads, nothing, (features // heads) ** -0.5)
            for hidden in _masks(nothing, subject):
                masked = replace(plain, hidden=hidden)
                if _near(masked.result(), subject.torch):
                    yield masked


def _triples(subject: TensorSubject) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What may be queries, keys and values: the last three outputs, or the thirds of the last."""
    batch, _, features = subject.torch.shape
    outputs = [x for words, x in subject.earlier.items() if words.startswith("the output") and x.ndim == 3][-3:]
    if outputs and outputs[-1].shape[-1] == 3 * features:
        yield from permutations(np.split(outputs[-1], 3, -1))
    if len(outputs) == 3 and all(x.shape[::2] == (batch, features) for x in outputs):
        yield from permutations(outputs)


def _masks(nothing: np.ndarray, subject: TensorSubject) -> Iterator[np.ndarray]:
    """No mask, a causal one, and each of the model's inputs that may say which keys are seen, or which are not."""
    batch, queries, keys = nothing.shape
    causal = np.broadcast_to(np.arange(keys) > np.arange(queries)[:, None], nothing.shape)
    given = [x for x in subject.inputs.values() if x.shape == (batch, keys) and np.isin(x, (0, 1)).all()]
    for of_keys in (nothing[:, 0], *(x.astype(bool) == seen for x in given for seen in (False, True))):
        hidden = np.broadcast_to(of_keys[:, None], nothing.shape)
        yield hidden
        yield hidden | causal


def _mistakes(right: _Attention) -> Iterator[tuple[str, str, _Attention]]:
    """What a port may do otherwise: words, what to do, and the attention that it then is."""
    size = right.queries.shape[-1] // right.heads
    nothing = np.zeros_like(right.hidden)
    _, queries, keys = right.hidden.shape
    causal = np.broadcast_to(np.arange(keys) > np.arange(queries)[:, None], right.hidden.shape)
    if right.hidden.any():
        words = "causal mask" if np.array_equal(right.hidden, causal) else "mask"
        yield f"the attention has no {words}, torch's has one", "Pass the mask.", replace(right, hidden=nothing)
        yield (
            f"the attention's {words} is inverted: it hides what torch's shows",
            "Invert the mask: Keras's says what is seen.",
            replace(right, hidden=~right.hidden),
        )
    if not right.hidden.all() and not np.array_equal(right.hidden, causal):
        masked = replace(right, hidden=right.hidden | causal)
        yield "the attention has a causal mask, torch's has none", "Leave the causal mask out.", masked
    for axis, words in ((2, "queries"), (1, "heads"), (0, "batch")):
        fix = "Take the softmax over the keys, the last axis of the scores."
        yield f"the softmax goes over the {words}, torch's over the keys", fix, replace(right, axis=axis)
    for name, scale in (
        ("not scaled", 1.0),
        ("divided by the root of all features", right.queries.shape[-1] ** -0.5),
        ("divided by the size of a head", 1 / size),
        ("divided by the root of the number of heads", right.heads**-0.5),
    ):
        fix = f"Divide them by the root of the size of a head, {size}."
        yield (
            f"the scores are {name}, torch's divided by the root of the size of a head",
            fix,
            replace(right, scale=scale),
        )
