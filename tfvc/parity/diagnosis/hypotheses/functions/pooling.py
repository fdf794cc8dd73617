"""The maximum for the mean or the other way round, padding that counts, a last window that is not full."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tfvc.parity.diagnosis.hypotheses.functions.change import (
    FunctionChange,
    argument,
    changes_to,
    of_first,
    with_argument,
)
from tfvc.parity.sides.torch_functions import FunctionCall, Instead

_WINDOWS = ("kernel_size", "stride", "padding")


@changes_to("max_pool1d", "max_pool2d", "max_pool3d")
def mean_for_maximum(call: FunctionCall) -> Iterator[FunctionChange]:
    """The mean of the same windows, with and without their padding."""
    from torch.nn import functional

    average = getattr(functional, call.name.replace("max", "avg"))
    ceil = argument(call, "ceil_mode", 5, False)
    window = {name: argument(call, name, i + 1) for i, name in enumerate(_WINDOWS)}
    window = {name: value for name, value in window.items() if value is not None}
    for counted in (False, True):
        yield FunctionChange(
            "pooling",
            "there is the mean of each window where torch has the maximum",
            "Pool by the maximum.",
            of_first(lambda x, n=counted: average(x, **window, ceil_mode=ceil, count_include_pad=n)),
        )


@changes_to("avg_pool1d", "avg_pool2d", "avg_pool3d")
def maximum_for_mean(call: FunctionCall) -> Iterator[FunctionChange]:
    """The maximum of the same windows; a mean that counts its padding, or does not."""
    from torch.nn import functional

    maximum = getattr(functional, call.name.replace("avg", "max"))
    window = {name: argument(call, name, i + 1) for i, name in enumerate(_WINDOWS)}
    window = {name: value for name, value in window.items() if value is not None}
    ceil, counted = argument(call, "ceil_mode", 4, False), argument(call, "count_include_pad", 5, True)
    yield FunctionChange(
        "pooling",
        "there is the maximum of each window where torch has the mean",
        "Pool by the mean.",
        of_first(lambda x: maximum(x, **window, ceil_mode=ceil)),
    )
    yield FunctionChange(
        "padding counted",
        f"the mean {'leaves out' if counted else 'counts'} the padding, unlike torch's",
        'Pad with zeros, then pool with padding="valid": "same" never counts the padding.',
        with_argument(call, "count_include_pad", 5, not counted),
    )


@changes_to("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d")
def padding_moved(call: FunctionCall) -> Iterator[FunctionChange]:
    """Windows that begin elsewhere: more padding in front, or behind, with what the function pads by or with zeros."""
    rank = int(call.name[-2])
    given = argument(call, "padding", 3, 0) or 0
    each = (given,) * rank if isinstance(given, int) else tuple(given)
    usual = float("-inf") if call.name.startswith("max") else 0.0
    for shift in (1, -1, 2, -2, 3, -3):
        for axes in (range(rank), *((axis,) for axis in range(rank if rank > 1 else 0))):
            sides = [(p + shift * (i in axes), p - shift * (i in axes)) for i, p in enumerate(each)]
            before, after = sides[min(axes)]
            words = (
                f"the windows are padded by {before} before and {after} after where torch pads by {given} on each side"
            )
            for value in dict.fromkeys((usual, 0.0)):
                yield FunctionChange("padding moved", words, "Pad as torch does.", _padded(sides, value))


def _padded(sides: Sequence[tuple[int, int]], value: float) -> Instead:
    def other(function: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        from torch.nn import functional

        given = {**dict(zip(("input", *_WINDOWS), args, strict=False)), **kwargs, "padding": 0}
        amounts = [n for side in reversed(sides) for n in side]
        x = functional.pad(given.pop("input"), amounts, value=value)
        return function(x, *(given.pop(name) for name in _WINDOWS if name in given), *args[4:], **given)

    return other


@changes_to("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def whole_maximum(call: FunctionCall) -> Iterator[FunctionChange]:
    """The maximum in place of the mean."""
    from torch.nn import functional

    maximum, size = getattr(functional, call.name.replace("avg", "max")), argument(call, "output_size", 1)
    words = "there is the maximum where torch has the mean"
    yield FunctionChange("pooling", words, "Pool by the mean.", of_first(lambda x: maximum(x, size)))


@changes_to("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def whole_mean(call: FunctionCall) -> Iterator[FunctionChange]:
    """The mean in place of the maximum."""
    from torch.nn import functional

    mean, size = getattr(functional, call.name.replace("max", "avg")), argument(call, "output_size", 1)
    words = "there is the mean where torch has the maximum"
    yield FunctionChange("pooling", words, "Pool by the maximum.", of_first(lambda x: mean(x, size)))


_REDUCTIONS = {"mean": "mean", "amax": "maximum", "sum": "sum", "amin": "minimum"}


@changes_to(*_REDUCTIONS)
def another_reduction(call: FunctionCall) -> Iterator[FunctionChange]:
    """Another figure of the same axes, or the same of others."""
    import torch

    x, axes = argument(call, "input", 0), argument(call, "dim", 1)
    if axes is None or not x.is_floating_point():
        return
    keep = bool(argument(call, "keepdim", 2, False))
    for name, words in _REDUCTIONS.items():
        if name != call.name:
            yield FunctionChange(
                "pooling",
                f"there is the {words} where torch has the {_REDUCTIONS[call.name]}",
                f"Take the {_REDUCTIONS[call.name]}.",
                _reduced(getattr(torch, name), axes, keep),
            )
    if isinstance(axes, int):
        for axis in (axis for axis in range(x.ndim) if axis != axes % x.ndim):
            words = f"the {_REDUCTIONS[call.name]} goes over axis {axis}, torch's over axis {axes % x.ndim}"
            yield FunctionChange("axis", words, "Take it over torch's axis.", with_argument(call, "dim", 1, axis))


def _reduced(function: Callable, axes: Any, keep: bool) -> Callable:
    def other(theirs: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Any:
        return function(args[0] if args else kwargs["input"], dim=axes, keepdim=keep)

    return other
