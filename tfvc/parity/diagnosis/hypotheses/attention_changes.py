"""How an attention may be another: scale, mask, softmax and heads, for any attention."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from tfvc.parity.diagnosis.hypotheses.attention_equations import Equations, causal, hiding, merge, split
from tfvc.parity.findings.words import apart

# Makes of masks what hides them in scores.
Hide = Callable[[Mapping[str, Any]], Callable[[Any], Any]]


@dataclass(frozen=True)
class Change:
    """Other equations, in words: a name, a cause and a fix."""

    name: str
    cause: str
    fix: str
    equations: Equations
    heads: int | None = None


def changes(masks: Mapping[str, Any], heads: int, size: int, hide: Hide = hiding) -> Iterator[Change]:
    """Every known way in which an attention may differ from torch's.

    Args:
        masks: torch's, by name; True for what is not seen.
        heads, size: how many heads there are, and their size.
        hide: how what is not seen is hidden.
    """
    right = Equations(masked=hide(masks))
    yield from _scales(right, heads, size)
    for name in masks:
        yield from _one_mask(right, masks, name, hide)
    yield from _all_masks(right, masks, hide)
    yield from _heads(right, heads, size)
    axes = {1: "over the heads", 2: "over the queries", 0: "over the batch"}
    for axis, words in axes.items():
        cause = f"The softmax is taken {words}, in torch over the keys."
        yield Change("softmax axis", cause, "Take it over the last axis of the scores.", replace(right, axis=axis))


def _scales(right: Equations, heads: int, size: int) -> Iterator[Change]:
    known = {
        "are not scaled": 1.0,
        "are divided by the root of all features": (heads * size) ** -0.5,
        "are divided by the size of a head": 1 / size,
        "are multiplied by the root of the size of a head": size**0.5,
        "are multiplied by the size of a head": float(size),
        "are divided by the root of the number of heads": heads**-0.5,
        "are divided by the fourth root of the size of a head": size**-0.25,
        "are divided by all features": 1 / (heads * size),
    }
    for words, scale in known.items():
        if abs(scale - size**-0.5) > 1e-9:
            yield scaled(words, scale, size, right)


def scaled(words: str, scale: float, size: int, right: Equations) -> Change:
    """Another scale of the scores."""
    ours, theirs = apart(scale, size**-0.5, 9)
    right_scale = f"torch's are divided by the root of the size of a head (times {theirs})"
    cause = f"The scores {words} (times {ours}); {right_scale}."
    return Change("attention scale", cause, f"Multiply the scores by {size} ** -0.5.", replace(right, scale=scale))


def _one_mask(right: Equations, masks: Mapping[str, Any], name: str, hide: Hide) -> Iterator[Change]:
    """What may be wrong with one of torch's masks."""
    mask, others = masks[name], {other: x for other, x in masks.items() if other != name}
    rest = hide(others)

    def instead(other: Any) -> Equations:
        return replace(right, masked=hide({**others, name: other}))

    fix = f"Keras's attention_mask is True for what is seen, torch's {name} for what is not: pass ~{name}."
    yield Change("mask inverted", f"{name} is inverted: what torch hides is seen.", fix, instead(~mask))
    yield Change("mask missing", f"{name} is not applied.", fix, replace(right, masked=rest))
    if mask.shape[-1] == mask.shape[-2] or name == "key_padding_mask":
        words = f"{name} hides queries where torch's hides keys."
        yield Change("mask transposed", words, "Its last axis is the keys.", instead(mask.transpose(-1, -2)))
    for ahead, words in (
        (0, "up to its own place"),
        (1, "up to the place after its own"),
        (-1, "before its own place"),
    ):
        cause = f"Each query sees the keys {words}, in place of {name}."
        yield Change("causal mask", cause, fix, replace(right, masked=lambda s, a=ahead: causal(rest(s), a)))
    for words, numbers in (("what is seen", ~mask), ("what is hidden", mask)):
        cause = f"{name} is added to the scores as 1 for {words}, else 0."
        added = replace(right, masked=lambda s, n=numbers: rest(s + n.to(s.dtype)))
        yield Change("mask added", cause, "Give a bool mask, or add a large negative number where it hides.", added)
    cause = f"The scores are 0 where {name} hides, in torch -inf."
    times = replace(right, masked=lambda s: rest(s * (~mask).to(s.dtype)))
    yield Change("mask multiplied", cause, "Give a bool mask, or add a large negative number where it hides.", times)
    cause = f"{name} is applied behind the softmax, so that the weights no longer sum to 1."
    after = replace(right, masked=rest, after=lambda w: w * (~mask).to(w.dtype))
    yield Change("mask behind the softmax", cause, "Mask the scores.", after)


def _all_masks(right: Equations, masks: Mapping[str, Any], hide: Hide) -> Iterator[Change]:
    cause = "Later keys are hidden (a causal mask), which torch does not do."
    also = replace(right, masked=lambda s: causal(right.masked(s)))
    yield Change("causal mask", cause, "Do not pass use_causal_mask.", also)
    if len(masks) > 1:
        names = " and ".join(masks)
        whole = reduce(lambda a, b: a | b, masks.values())
        cause = f"{names} are inverted: what torch hides is seen, and nothing else."
        inverted = replace(right, masked=hide({names: ~whole}))
        yield Change("mask inverted", cause, "Invert the mask: Keras's says what is seen.", inverted)
        none = replace(right, masked=hide({}))
        yield Change("mask missing", f"{names} are not applied.", "Pass both as one attention_mask.", none)
        both = replace(right, masked=hide({names: reduce(lambda a, b: a & b, masks.values())}))
        cause = f"Only what {names} both hide is hidden; torch hides what either does."
        yield Change("masks joined", cause, "Join masks of what is seen by `and`.", both)


def _heads(right: Equations, heads: int, size: int) -> Iterator[Change]:
    for other in (n for n in range(1, heads * size + 1) if heads * size % n == 0 and n != heads):
        cause = f"There are {other} heads of {heads * size // other}, in torch {heads} of {size}."
        yield Change("number of heads", cause, f"Cut the features into {heads} heads.", right, other)

    def interleaved(x: Any, n: int) -> Any:
        return x.unflatten(-1, (-1, n)).permute(0, 3, 1, 2)

    def not_transposed(x: Any, n: int) -> Any:
        return x.reshape(x.shape[0], n, x.shape[1], -1)

    def merged_interleaved(y: Any) -> Any:
        return y.permute(0, 2, 3, 1).flatten(2)

    def merged_in_memory(y: Any) -> Any:
        return y.reshape(y.shape[0], y.shape[2], -1)

    splits = {
        "": split,
        "every head takes each nth feature": interleaved,
        "heads are cut by a reshape without a transpose": not_transposed,
    }
    merges = {
        "": merge,
        "the features of all heads are interleaved": merged_interleaved,
        "heads are put together by a reshape without a transpose": merged_in_memory,
    }
    fix = "In torch a head's features lie together: reshape to [batch, time, head, size], then transpose."
    for cut, cutting in splits.items():
        for joined, joining in merges.items():
            words = ", and ".join(part for part in (cut, joined) if part)
            if words:
                cause = f"{words[0].upper()}{words[1:]}."
                yield Change("order of heads", cause, fix, replace(right, split=cutting, merge=joining))
