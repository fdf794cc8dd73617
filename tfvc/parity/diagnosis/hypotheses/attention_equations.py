"""Attention in plain steps, so that each step can be made wrong."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights

Tensors = tuple[Any, Any, Any]
# A score behind which nothing is left of a key.
_HIDDEN = -1e30
# What Keras's softmax takes away from a score.
_ADDED = 1e9


def split(x: Any, heads: int) -> Any:
    """[batch, time, features] -> [batch, head, time, size]: a head's features lie together."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge(y: Any) -> Any:
    """[batch, head, time, size] -> [batch, time, features]."""
    return y.transpose(1, 2).flatten(2)


@dataclass(frozen=True)
class Equations:
    """The steps of an attention; the defaults are torch's.

    Attributes:
        scale: of the scores; None for 1 / sqrt(size of a head).
        masked: what is done to the scores [batch, head, query, key].
        after: what is done to the weights of the same shape, behind the softmax.
        axis: of the softmax.
        split, merge: how features are cut into heads, and put together again.
        stopped: which of query, key and value (0, 1, 2) give no gradient.
    """

    scale: float | None = None
    masked: Callable[[Any], Any] = lambda scores: scores
    after: Callable[[Any], Any] = lambda weights: weights
    axis: int = -1
    split: Callable[[Any, int], Any] = field(default=split)
    merge: Callable[[Any], Any] = field(default=merge)
    stopped: tuple[int, ...] = ()

    def run(self, projected: Tensors, heads: int) -> tuple[Any, Any]:
        """The weighted values [batch, query, features] of query, key and value, and the weights."""
        given = (x.detach() if i in self.stopped else x for i, x in enumerate(projected))
        q, k, v = (self.split(x, heads) for x in given)
        scale = q.shape[-1] ** -0.5 if self.scale is None else self.scale
        weights = self.after(self.masked(q @ k.transpose(-1, -2) * scale).softmax(self.axis))
        return self.merge(weights @ v), weights


@dataclass(frozen=True)
class Attention:
    """A call of an `nn.MultiheadAttention` with its arguments by name.

    Attributes:
        subject: whose module.
        given: the arguments, in float64.
    """

    subject: LayerSubject
    given: dict[str, Any]

    @classmethod
    def of(cls, subject: LayerSubject, inputs: list[Any]) -> "Attention":
        args, kwargs = subject.call.arguments(inputs)
        bound = inspect.signature(subject.module.forward).bind(*args, **kwargs)
        bound.apply_defaults()
        return cls(subject, bound.arguments)

    def mask(self, name: str) -> Any:
        """`attn_mask` or `key_padding_mask` as [batch, head, query, key], True for what is not seen; None if not given.

        Raises:
            ValueError: for one that adds other numbers to the scores than 0 and -inf.
        """
        mask = self.given[name]
        if mask is None:
            return None
        if mask.is_floating_point():
            if not ((mask == 0) | mask.isneginf()).all():
                raise ValueError(f"{name} is no mask but a bias")
            mask = mask.isneginf()
        if name == "key_padding_mask":
            return mask[:, None, None]
        return mask if mask.ndim == 2 else mask.unflatten(0, (-1, self.subject.module.num_heads))

    @property
    def masks(self) -> dict[str, Any]:
        """Those that are given."""
        found = {name: self.mask(name) for name in ("attn_mask", "key_padding_mask")}
        return {name: mask for name, mask in found.items() if mask is not None}

    def run(self, weights: Weights, equations: Equations, heads: int | None = None) -> list[Any]:
        """What the module would give with other equations; the compared outputs.

        Raises:
            ValueError: for a module with dropout or with keys that it adds.
        """
        module = self.subject.module
        if module.bias_k is not None or module.add_zero_attn or (module.training and module.dropout):
            raise ValueError("an attention of another kind")
        inputs = [self.given[name] for name in ("query", "key", "value")]
        if not module.batch_first:
            inputs = [x.transpose(0, 1) for x in inputs]
        projected = tuple(x @ kernel.T + bias for x, kernel, bias in zip(inputs, *_projections(weights), strict=True))
        y, of_heads = equations.run(projected, heads or module.num_heads)
        y = y @ weights["out_proj.weight"].T + weights.get("out_proj.bias", 0.0)
        mean = of_heads.mean(1) if self.given["average_attn_weights"] else of_heads
        return self.subject.compared((y if module.batch_first else y.transpose(0, 1), mean))


def _projections(weights: Weights) -> tuple[list[Any], list[Any]]:
    """The kernels of query, key and value, and their biases."""
    packed = weights.get("in_proj_weight")
    kernels = packed.chunk(3) if packed is not None else [weights[f"{x}_proj_weight"] for x in "qkv"]
    bias = weights.get("in_proj_bias")
    return list(kernels), list(bias.chunk(3)) if bias is not None else [0.0] * 3


def hiding(masks: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Scores without what any of these masks (True: not seen) hides.

    A query that sees nothing sees all keys alike, as in Keras; torch gives NaN.
    """
    return lambda scores: reduce(lambda s, mask: s.masked_fill(mask, _HIDDEN), masks.values(), scores)


def adding(masks: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The same by a large negative number that is added: a query that sees nothing keeps its scores."""
    return lambda scores: reduce(lambda s, mask: s - _ADDED * mask.to(s.dtype), masks.values(), scores)


def causal(scores: Any, ahead: int = 0) -> Any:
    """Scores of which each query sees the keys up to its own place and `ahead` more."""
    import torch

    return scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1 + ahead), _HIDDEN)
