"""Sums without a term, factors that are left out, other epsilons, functions that are left out, coarse numbers."""

from collections.abc import Iterator, Sequence
from typing import Any

from tfvc.parity.diagnosis.hypotheses.functions.activations import NAMED
from tfvc.parity.diagnosis.hypotheses.functions.change import (
    FunctionChange,
    argument,
    changes_to,
    of_first,
    on_result,
    with_argument,
)
from tfvc.parity.sides.torch_functions import FunctionCall

_NORMS = {"layer_norm": 4, "batch_norm": 7, "group_norm": 4, "instance_norm": 7, "rms_norm": 3}
# What computes with many numbers; a port may keep its result in fewer digits.
_COMPUTING = (
    "linear",
    "matmul",
    "bmm",
    "addmm",
    "einsum",
    "conv1d",
    "conv2d",
    "conv3d",
    "embedding",
    "layer_norm",
    "batch_norm",
    "scaled_dot_product_attention",
    "softmax",
    "prelu",
)


@changes_to("add", "sub")
def another_sum(call: FunctionCall) -> Iterator[FunctionChange]:
    """A term that is left out, or added twice."""
    import torch

    first, second = ([*list(call.args), call.kwargs.get("other")])[:2]
    if call.kwargs.get("alpha", 1) != 1 or not torch.is_tensor(first) or not first.is_floating_point():
        return
    sign = -1 if call.name == "sub" else 1
    for words, one, other in (
        ("the second term of a sum is left out", 1, 0),
        ("the first term of a sum is left out", 0, 1),
        ("the second term of a sum is added twice", 1, 2),
        ("the first term of a sum is added twice", 2, 1),
        ("a term of a sum has the opposite sign", 1, -1),
    ):
        yield FunctionChange(
            "sum",
            f"{words} ({_shape(first)} and {_shape(second)})",
            "Compare the sums (residual connections) with torch's.",
            lambda f, args, kwargs, a=one, b=other: a * args[0] + b * sign * (args[1:] or [kwargs["other"]])[0],
        )


def _shape(x: Any) -> str:
    return f"{tuple(x.shape)}" if hasattr(x, "shape") else f"{x:g}"


@changes_to("mul", "div", "true_divide", "rmul")
def another_factor(call: FunctionCall) -> Iterator[FunctionChange]:
    """A factor that is a number, left out or applied otherwise."""
    import torch

    numbers = [x for x in (*call.args, *call.kwargs.values()) if isinstance(x, (int, float)) or _is_number(x)]
    if len(numbers) != 1:
        return
    factor = float(numbers[0])
    if factor in (0.0, 1.0):
        return
    times = 1 / factor if "div" in call.name else factor
    does = f"torch {'divides' if 'div' in call.name else 'multiplies'} by {factor:.9g}"
    for words, other in (
        ("nothing is done", 1.0),
        ("the root of that is taken", abs(times) ** 0.5),
        ("it is done twice", times**2),
        ("the inverse is taken", 1 / times),
    ):
        yield FunctionChange(
            "factor",
            f"{does} where here {words}",
            f"Multiply by {times:.9g}.",
            lambda f, args, kwargs, n=other: next(x for x in args if torch.is_tensor(x) and not _is_number(x)) * n,
        )


def _is_number(x: Any) -> bool:
    import torch

    return torch.is_tensor(x) and x.ndim == 0


@changes_to(*_NORMS)
def another_epsilon(call: FunctionCall) -> Iterator[FunctionChange]:
    """Of a normalisation that is a function."""
    index = _NORMS[call.name]
    theirs = argument(call, "eps", index, 1e-5)
    for ours in (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 1e-4, 1e-2, 0.0):
        if ours != theirs:
            words = f"the epsilon of a normalisation is {ours:g}, torch's {theirs:g}"
            yield FunctionChange("epsilon", words, f"Pass epsilon={theirs:g}.", with_argument(call, "eps", index, ours))


@changes_to()
def left_out(call: FunctionCall) -> Iterator[FunctionChange]:
    """A function that gives what is like what it takes may be left out, or done twice."""
    import torch

    x = argument(call, "input", 0)
    if call.name in NAMED or call.name in ("add", "sub", "mul", "div", "to", "clone", "contiguous", "detach"):
        return
    if not torch.is_tensor(x) or not x.is_floating_point():
        return
    result = call.result
    if not torch.is_tensor(result) or result.shape != x.shape or result.dtype != x.dtype:
        return
    yield FunctionChange("left out", f"{call.name} is left out", f"Do what {call.name} does.", of_first(lambda x: x))
    yield FunctionChange(
        "done twice",
        f"{call.name} is done twice",
        "Do it once.",
        lambda function, args, kwargs: function(
            *([function(*args, **kwargs), *args[1:]] if args else []),
            **(kwargs if args else {**kwargs, "input": function(**kwargs)}),
        ),
    )


@changes_to(*_COMPUTING)
def coarse(call: FunctionCall) -> Iterator[FunctionChange]:
    """Rounded to fewer digits."""
    import torch

    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        name = str(dtype).removeprefix("torch.")
        # TensorFlow rounds float64 to float32 on its way to less.
        for way in ((dtype,), (torch.float32, dtype)):
            yield FunctionChange(
                "coarse precision",
                f"the result of {call.name} is kept in {name}",
                f"Compute in the model's own dtype, not in {name}.",
                on_result(lambda y, way=way: rounded(y, way)),
            )


def rounded(tensor: Any, dtypes: Sequence[Any]) -> Any:
    """A tensor that has been of each of these dtypes, one after the other."""
    found = tensor
    for dtype in dtypes:
        found = found.to(dtype)
    return found.to(tensor.dtype)
