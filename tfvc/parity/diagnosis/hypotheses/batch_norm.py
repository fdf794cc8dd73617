"""Batch norm written otherwise than torch's: another formula, other axes, no running statistics."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import keras

from tfvc.parity.diagnosis.hypotheses.normalization import BATCH_NORMS
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights
from tfvc.parity.findings.stage import StageKind


@register(LayerSubject, *BATCH_NORMS)
def other_formula(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A norm that somebody wrote by hand, in training mode."""
    if subject.what is StageKind.RUNNING_STATISTICS:
        return
    theirs = subject.module.eps
    variants: list[tuple[str, str, str, Callable]] = [
        (
            "epsilon outside",
            "The layer divides by sqrt(variance) + epsilon, torch by sqrt(variance + epsilon).",
            "Add epsilon before the root.",
            lambda x, m, v, n: (x - m) / (v.sqrt() + theirs),
        ),
        (
            "unbiased variance",
            "The layer normalises by the unbiased variance (divided by N - 1), torch by the biased one.",
            "Divide by N when normalising; only the running variance is unbiased.",
            lambda x, m, v, n: (x - m) / (v * n / (n - 1) + theirs).sqrt(),
        ),
        (
            "divides by the variance",
            "The layer divides by the variance, torch by its root.",
            "Take the square root.",
            lambda x, m, v, n: (x - m) / (v + theirs),
        ),
        (
            "mean not subtracted",
            "The layer does not subtract the mean.",
            "Subtract the mean before scaling.",
            lambda x, m, v, n: x / (v + theirs).sqrt(),
        ),
        (
            "gradient without the mean",
            "The gradient takes the batch's mean for a constant.",
            "Let the gradient pass through the mean (no stop_gradient).",
            lambda x, m, v, n: (x - m.detach()) / (v + theirs).sqrt(),
        ),
        (
            "gradient without the variance",
            "The gradient takes the batch's variance for a constant.",
            "Let the gradient pass through the variance (no stop_gradient).",
            lambda x, m, v, n: (x - m) / (v.detach() + theirs).sqrt(),
        ),
        (
            "gradient without the statistics",
            "The gradient takes the batch's mean and variance for constants.",
            "Let the gradient pass through both (no stop_gradient).",
            lambda x, m, v, n: (x - m.detach()) / (v.detach() + theirs).sqrt(),
        ),
    ]
    for name, cause, fix, formula in variants:
        yield Hypothesis(f"batch norm: {name}", cause, fix, _by_formula(formula))


def _by_formula(formula: Callable) -> Forward:
    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        x = inputs[0]
        axes = [0, *range(2, x.ndim)]
        shape = [1, -1] + [1] * (x.ndim - 2)
        if subject.training:
            mean, variance = x.mean(axes), x.var(axes, unbiased=False)
        else:
            mean, variance = weights["running_mean"], weights["running_var"]
        count = x.numel() // x.shape[1]
        y = formula(x, mean.view(shape), variance.view(shape), count)
        return [_scaled(y, weights, shape)]

    return forward


def _scaled(y: Any, weights: Weights, shape: list[int]) -> Any:
    if "weight" not in weights:
        return y
    return y * weights["weight"].view(shape) + weights["bias"].view(shape)


@register(LayerSubject, *BATCH_NORMS)
def other_axes(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The statistics of other axes than the channels', scale and shift along another axis, or no running statistics."""
    rank = subject.inputs[0].ndim
    right = (0, *range(2, rank))
    every = [axes for count in range(1, rank + 1) for axes in combinations(range(rank), count)]
    for axes in sorted(every, key=lambda axes: axes != right):
        kept = [axis for axis in range(rank) if axis not in axes]
        # The scale and the shift go along the channels, or along an axis that is as long.
        for along in dict.fromkeys([1, *kept, *range(1, rank)]):
            if axes != right or along != 1:
                cause = f"The layer normalises over {_axes(axes, rank)}, torch over {_axes(right, rank)}"
                if axes == right:
                    cause = f"The layer scales and shifts along the {_axes((along,), rank)}, torch along the channels"
                yield Hypothesis(
                    "batch norm: axes",
                    f"{cause}: each channel by itself.",
                    "Give BatchNormalization the channel axis: axis=-1 for channels last, and no transpose in front.",
                    _over(axes, along),
                )
            also = "" if axes == right else f" It normalises over {_axes(axes, rank)}, torch over {_axes(right, rank)}."
            if along != 1:
                also += f" It scales and shifts along the {_axes((along,), rank)}, torch along the channels."
            yield Hypothesis(
                "batch norm: no running statistics",
                f"The layer keeps no running statistics, and uses those of the batch in inference too.{also}",
                "Move the running statistics in training, and use them in inference.",
                _over(axes, along, always=True),
            )


def _axes(axes: tuple[int, ...], rank: int) -> str:
    named = {0: "batch", 1: "channels", 2: "time" if rank == 3 else "height", 3: "width", 4: "depth"}
    return " and ".join(named.get(axis, f"axis {axis}") for axis in axes)


def _over(axes: tuple[int, ...], along: int, always: bool = False) -> Forward:
    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        x = inputs[0]
        shape = [-1 if axis == along else 1 for axis in range(x.ndim)]
        if subject.training or always:
            mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
            moves = not always and subject.what is StageKind.RUNNING_STATISTICS
            if moves and mean.numel() == weights["running_mean"].numel():
                count = x.numel() // mean.numel()
                # Keras's own keeps the biased variance over any axes; ours is torch's in this.
                biased = any(isinstance(layer, keras.layers.BatchNormalization) for layer in subject.layers)
                kept = variance if biased else variance * count / max(count - 1, 1)
                momentum = subject.module.momentum
                weights["running_mean"].lerp_(mean.ravel(), momentum)
                weights["running_var"].lerp_(kept.ravel(), momentum)
        else:
            mean, variance = weights["running_mean"].view(shape), weights["running_var"].view(shape)
        y = (x - mean) / (variance + subject.module.eps).sqrt()
        return [_scaled(y, weights, shape)]

    return forward
