"""A layer that is right in float64, but in float32 rounds to a coarser format on the way."""

from collections.abc import Callable, Iterator
from typing import Any

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import CoarseLayerSubject, Forward, LayerSubject, Weights

Rounding = Callable[[Any], Any]


@register(CoarseLayerSubject)
def coarse_formats(subject: CoarseLayerSubject) -> Iterator[Hypothesis]:
    """Which coarser format the layer's input or weights have been through."""
    import torch

    formats = {
        "bfloat16": lambda x: x.to(torch.bfloat16).to(x.dtype),
        "float16": lambda x: x.to(torch.float16).to(x.dtype),
        "TensorFloat-32": _tensor_float,
    }
    places = {"its input": (True, False), "its weights": (False, True), "its input and its weights": (True, True)}
    for name, coarse in formats.items():
        for what, (inputs, weights) in places.items():
            yield Hypothesis(
                f"precision: {name}, {what}",
                f"In float32 the layer rounds {what} to {name}.",
                "Compute in the layer's own dtype: no casts, no mixed_bfloat16 policy, no TensorFloat-32.",
                _rounding(coarse, inputs, weights),
            )


def _rounding(coarse: Rounding, of_inputs: bool, of_weights: bool) -> Forward:
    """The reference with rounded inputs or parameters; gradients pass the rounding as if it were not there."""

    def rounded(x: Any) -> Any:
        return x + (coarse(x.detach().float()).to(x.dtype) - x.detach())

    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        if of_inputs:
            inputs = [rounded(x) if x.is_floating_point() else x for x in inputs]
        if of_weights:
            weights = {**weights, **{name: rounded(weights[name]) for name, _ in subject.module.named_parameters()}}
        return subject.reference(inputs, weights)

    return forward


def _tensor_float(x: Any) -> Any:
    """Ten bits of mantissa, rounded to the nearest."""
    import torch

    bits = x.view(torch.int32)
    return ((bits + (1 << 12)) & ~((1 << 13) - 1)).view(torch.float32).reshape(x.shape)
