"""What moves numbers and computes nothing: joining, cutting, flattening, padding, resizing, looking up."""

from collections.abc import Iterator
from itertools import islice, permutations
from typing import Any

from tfvc.parity.diagnosis.hypotheses.functions.change import (
    FunctionChange,
    argument,
    changes_to,
    of_first,
    on_result,
    with_argument,
)
from tfvc.parity.sides.torch_functions import FunctionCall

# So many orders are tried of many parts.
_ORDERS = 24


@changes_to("cat", "concat", "concatenate", "stack", "hstack")
def order_of_parts(call: FunctionCall) -> Iterator[FunctionChange]:
    """The parts joined in another order."""
    parts = list(argument(call, "tensors", 0))
    for order in _orders(len(parts)):
        words = f"the parts are joined in the order {_listed(order)} of torch's"
        yield FunctionChange(
            "order of a concatenation",
            words,
            "Join them in torch's order.",
            lambda function, args, kwargs, order=order: _joined(function, args, kwargs, order),
        )


def _joined(function: Any, args: tuple, kwargs: Any, order: tuple[int, ...]) -> Any:
    tensors = list(kwargs["tensors"] if "tensors" in kwargs else args[0])
    others = {key: value for key, value in kwargs.items() if key != "tensors"}
    return function([tensors[i] for i in order], *args[1:], **others)


@changes_to("chunk", "split", "tensor_split", "unbind")
def order_of_pieces(call: FunctionCall) -> Iterator[FunctionChange]:
    """The pieces taken in another order."""
    for order in _orders(len(call.result)):
        words = f"the parts of what is cut are taken in the order {_listed(order)} of torch's"
        yield FunctionChange(
            "order of parts",
            words,
            "Take them in torch's order.",
            on_result(lambda pieces, order=order: tuple(pieces[i] for i in order)),
        )


def _orders(count: int) -> Iterator[tuple[int, ...]]:
    yield from islice(permutations(range(count)), 1, _ORDERS)


def _listed(order: tuple[int, ...]) -> str:
    return ", ".join(str(i + 1) for i in order)


@changes_to("glu")
def halves(call: FunctionCall) -> Iterator[FunctionChange]:
    """The gate is the other half, or has another function."""
    import torch

    axis = argument(call, "dim", 1, -1)

    def gated(x: Any, first: bool, function: Any) -> Any:
        one, other = x.chunk(2, axis)
        return other * function(one) if first else one * function(other)

    for words, first, function in (
        ("the first half is the gate, in torch the second", True, torch.sigmoid),
        ("the gate has a tanh, in torch a sigmoid", False, torch.tanh),
        ("the gate has a SiLU, in torch a sigmoid", False, torch.nn.functional.silu),
        ("the gate has a GELU, in torch a sigmoid", False, torch.nn.functional.gelu),
        ("the gate has no sigmoid", False, lambda x: x),
    ):
        yield FunctionChange(
            "gate", words, "Gate as torch does.", of_first(lambda x, f=first, g=function: gated(x, f, g))
        )


@changes_to("flatten", "reshape", "view")
def transposed_before(call: FunctionCall) -> Iterator[FunctionChange]:
    """Axes in another order before they become one."""
    x = argument(call, "input", 0)
    for axes in islice(permutations(range(1, x.ndim)), 1, _ORDERS):
        order = (0, *axes)
        yield FunctionChange(
            "order of axes",
            f"the axes that become one have the order {order} of torch's",
            "Transpose to torch's order of axes first.",
            _reshaped(order),
        )


def _reshaped(order: tuple[int, ...]) -> Any:
    def other(function: Any, args: tuple, kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        x = args[0] if args else kwargs["input"]
        return x.permute(order).reshape(result.shape)

    return other


@changes_to("pad")
def another_padding(call: FunctionCall) -> Iterator[FunctionChange]:
    """Padded in another mode, or one row of it on the other side."""
    amounts, mode = list(argument(call, "pad", 1)), argument(call, "mode", 2, "constant") or "constant"
    for other in ("constant", "reflect", "replicate", "circular"):
        if other != mode:
            words = f"the padding is of the mode {other!r}, torch's {mode!r}"
            yield FunctionChange("padding mode", words, f"Pad as {mode!r} does.", with_argument(call, "mode", 2, other))
    for i in range(0, len(amounts), 2):
        for shift in (1, -1, 2, -2):
            moved = [*amounts[:i], amounts[i] + shift, amounts[i + 1] - shift, *amounts[i + 2 :]]
            words = (
                f"it is padded by {moved[i]} and {moved[i + 1]} where torch pads by {amounts[i]} and {amounts[i + 1]}"
            )
            yield FunctionChange("padding moved", words, "Pad as torch does.", with_argument(call, "pad", 1, moved))


@changes_to("interpolate")
def another_resizing(call: FunctionCall) -> Iterator[FunctionChange]:
    """Other corners, or another method."""
    mode, corners = argument(call, "mode", 3, "nearest"), argument(call, "align_corners", 4)
    rank = argument(call, "input", 0).ndim
    smooth = {3: "linear", 4: "bilinear", 5: "trilinear"}[rank]
    for ours in (smooth, "bicubic") if rank == 4 else (smooth,):
        for aligned in (True, False):
            if (ours, aligned) != (mode, bool(corners)):
                words = f"it is resized by {ours}, align_corners={aligned}, in torch by {mode}, align_corners={corners}"
                yield FunctionChange("resizing", words, "Resize as torch does.", _resized(ours, aligned))
    for ours in ("nearest", "nearest-exact", "area"):
        if ours != mode:
            words = f"it is resized by {ours}, in torch by {mode}"
            yield FunctionChange("resizing", words, "Resize as torch does.", _resized(ours, None))


def _resized(mode: str, corners: bool | None) -> Any:
    def other(function: Any, args: tuple, kwargs: Any) -> Any:
        names = ("input", "size", "scale_factor")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        return function(**{**given, "mode": mode, "align_corners": corners, "antialias": False})

    return other


@changes_to("embedding")
def another_row(call: FunctionCall) -> Iterator[FunctionChange]:
    """Each index moved: the rows go round, or the last is taken again."""
    rows, padding = argument(call, "weight", 1).shape[0], call.kwargs.get("padding_idx")
    shifts = [1, -1, 2, -2]
    shifts += [sign * (padding + 1) for sign in (1, -1) if padding is not None and padding > 1]
    for shift in shifts:
        for words, moved in (
            ("", lambda ids, s=shift: (ids + s) % rows),
            (", within the table", lambda ids, s=shift: (ids + s).clamp(0, rows - 1)),
        ):
            yield FunctionChange(
                "index",
                f"each index is torch's {shift:+d}{words}: another row is looked up",
                f"Move the indices by {-shift:+d}, or the rows of the table.",
                _looked_up(moved),
            )


def _looked_up(moved: Any) -> Any:
    return lambda function, args, kwargs: function(
        *([moved(args[0]), *args[1:]] if args else []),
        **({**kwargs, "input": moved(kwargs["input"])} if not args else kwargs),
    )
