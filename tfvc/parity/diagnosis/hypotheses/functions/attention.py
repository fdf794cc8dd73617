"""`scaled_dot_product_attention` with another scale, mask, softmax or order of heads."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tfvc.parity.diagnosis.hypotheses.attention_changes import Change, changes
from tfvc.parity.diagnosis.hypotheses.attention_equations import Equations, adding, hiding, merge, split
from tfvc.parity.diagnosis.hypotheses.functions.change import FunctionChange, argument, changes_to
from tfvc.parity.sides.torch_functions import FunctionCall, Instead

# A number that hides: no score is so low.
_LOW = -1e4


@changes_to("scaled_dot_product_attention")
def another_attention(call: FunctionCall) -> Iterator[FunctionChange]:
    """Every change of an attention that is known."""
    query, key = argument(call, "query", 0), argument(call, "key", 1)
    if query.ndim != 4 or query.shape[1] != key.shape[1]:
        return
    masks = _masks(call, query, key)
    if masks is None:
        return
    heads, size = query.shape[1], query.shape[-1]
    # What a query sees of which all is hidden depends on how it is hidden.
    blind = bool(masks) and (query.shape[-2] > 1)
    for hide, zeroed in ((hiding, False), (adding, False), (adding, True)) if blind else ((hiding, False),):
        for change in changes(masks, heads, size, hide):
            cause = change.cause[0].lower() + change.cause[1:].removesuffix(".")
            yield FunctionChange(change.name, cause, change.fix, _attending(change, zeroed))
    for ours in ("key", "value"):
        for theirs in ("query", "key", "value"):
            if ours != theirs:
                words = f"the attention's {theirs}s are what torch takes for {ours}s"
                yield FunctionChange("order of projections", words, "Compare what goes where.", _given(theirs, ours))
    for one, other in (("query", "key"), ("key", "value"), ("query", "value")):
        words = f"{one} and {other} are exchanged"
        yield FunctionChange("order of projections", words, "Exchange them.", _exchanged(one, other))


def _attending(change: Change, zeroed: bool) -> Instead:
    """The equations, on heads that are put together and cut again as torch does.

    Args:
        change: to the attention.
        zeroed: whether the weights of hidden keys are taken away behind the softmax, as Keras's does.
    """

    def other(function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        given = {**dict(zip(("query", "key", "value"), args, strict=False)), **kwargs}
        heads = given["query"].shape[1]
        equations = change.equations
        if equations.scale is None and given.get("scale") is not None and change.heads is None:
            equations = Equations(**{**vars(equations), "scale": given["scale"]})
        if zeroed:
            scores = given["query"] @ given["key"].transpose(-1, -2) * 0
            shown, before = equations.masked(scores) > _LOW, equations.after
            equations = Equations(**{**vars(equations), "after": lambda w: before(w) * shown})
        tensors = tuple(merge(given[name]) for name in ("query", "key", "value"))
        return split(equations.run(tensors, change.heads or heads)[0], heads)

    return other


def _given(name: str, other: str) -> Instead:
    return _rearranged(lambda given: {**given, name: given[other]})


def _exchanged(one: str, other: str) -> Instead:
    return _rearranged(lambda given: {**given, one: given[other], other: given[one]})


def _rearranged(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Instead:
    def other(function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
        return function(**change({**dict(zip(names, args, strict=False)), **kwargs}))

    return other


def _masks(call: FunctionCall, query: Any, key: Any) -> dict[str, Any] | None:
    """What is hidden, by what it is a mask of; True for what is not seen. None for what is no mask but a bias."""
    import torch

    given, causal = argument(call, "attn_mask", 3), argument(call, "is_causal", 5, False)
    future = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool).triu(1)
    if given is None:
        return {"the causal mask": future} if causal else {}
    if given.dtype is torch.bool:
        hidden = ~given
    else:
        hidden = given <= _LOW
        if (given[~hidden] != 0).any():
            return None
    if causal:
        hidden = hidden | future
    if hidden.ndim < 4:
        hidden = hidden.expand(*[1] * (4 - hidden.ndim), *hidden.shape)
    of_keys = hidden[..., -1:, :]
    if future.any() and bool(((of_keys | future) == hidden).all()):
        padding = {"the mask of the keys": of_keys} if of_keys.any() else {}
        return {"the causal mask": future, **padding}
    if bool((of_keys == hidden).all()):
        return {"the mask of the keys": of_keys} if of_keys.any() else {}
    return {"the mask": hidden}
