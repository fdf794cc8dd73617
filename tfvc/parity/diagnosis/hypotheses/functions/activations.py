"""Another activation than torch's, none, or a softmax along another axis."""

from collections.abc import Callable, Iterator
from typing import Any

from tfvc.parity.diagnosis.hypotheses.functions.change import (
    FunctionChange,
    argument,
    changes_to,
    of_first,
    with_argument,
)
from tfvc.parity.sides.torch_functions import FunctionCall


def _known() -> dict[str, Callable[[Any], Any]]:
    import torch
    from torch.nn import functional as f

    return {
        "a ReLU": f.relu,
        "a ReLU that ends at 6": f.relu6,
        "a GELU": f.gelu,
        "a GELU by tanh": lambda x: f.gelu(x, approximate="tanh"),
        "a SiLU": f.silu,
        "a sigmoid": torch.sigmoid,
        "a tanh": torch.tanh,
        "nothing": lambda x: x,
        **{f"a LeakyReLU of slope {s}": lambda x, s=s: f.leaky_relu(x, s) for s in (0.01, 0.1, 0.2, 0.3)},
        "an ELU": f.elu,
        "a softplus": f.softplus,
        "a hard sigmoid": f.hardsigmoid,
        "a hard swish": f.hardswish,
        "a Mish": f.mish,
        "a SELU": f.selu,
        "a squared ReLU": lambda x: f.relu(x).square(),
        "an absolute value": torch.abs,
    }


NAMED = {
    "relu": "a ReLU",
    "relu6": "a ReLU that ends at 6",
    "gelu": "a GELU",
    "silu": "a SiLU",
    "sigmoid": "a sigmoid",
    "tanh": "a tanh",
    "leaky_relu": "a LeakyReLU",
    "prelu": "a PReLU",
    "elu": "an ELU",
    "softplus": "a softplus",
    "hardsigmoid": "a hard sigmoid",
    "hardswish": "a hard swish",
    "mish": "a Mish",
    "selu": "a SELU",
    "hardtanh": "a clipping",
}


@changes_to(*NAMED)
def another_activation(call: FunctionCall) -> Iterator[FunctionChange]:
    """Each that is known; those that are the same give the same error as torch's, and explain nothing."""
    theirs = NAMED[call.name]
    if call.name == "hardtanh":
        low, high = argument(call, "min_val", 1, -1.0), argument(call, "max_val", 2, 1.0)
        theirs = f"a ReLU that ends at {high:g}" if low == 0 else f"a clipping to {low:g} .. {high:g}"
    if call.name == "gelu" and argument(call, "approximate", 1) == "tanh":
        theirs = "a GELU by tanh"
    for ours, function in _known().items():
        if ours != theirs:
            words = f"there is {ours} where torch has {theirs}"
            yield FunctionChange("activation", words, f"Put {theirs} there.", of_first(function))


@changes_to("softmax", "log_softmax")
def axis_of_a_softmax(call: FunctionCall) -> Iterator[FunctionChange]:
    """Along another axis."""
    x, theirs = argument(call, "input", 0), argument(call, "dim", 1)
    if theirs is None:
        return
    theirs %= x.ndim
    for axis in (axis for axis in range(x.ndim) if axis != theirs):
        words = f"the softmax goes over axis {axis}, torch's over axis {theirs} (of {x.ndim})"
        fix = f"Take it over axis {theirs - x.ndim} of torch's tensor."
        yield FunctionChange("softmax axis", words, fix, with_argument(call, "dim", 1, axis))
