"""Batch, layer and group normalisation: constants, axes, which variance, what the gradient sees."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import keras
import numpy as np

from tfvc.parity.diagnosis.subjects.layer import Imitation, Suspect, Weights, with_attributes


def normalization(suspect: Suspect) -> Iterator[Imitation]:
    """Hypotheses for a module that normalises; none for others."""
    kind = type(suspect.module).__name__
    if "Norm" not in kind:
        return
    yield from _epsilon(suspect)
    if "BatchNorm" in kind:
        yield from _running(suspect)
        yield from _written_otherwise(suspect)
        yield from _over_other_axes(suspect)


def _epsilon(suspect: Suspect) -> Iterator[Imitation]:
    theirs = suspect.module.eps
    own = [float(layer.epsilon) for layer in suspect.layers if hasattr(layer, "epsilon")]
    for epsilon in dict.fromkeys([*own, 1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 1e-4, 1e-2, 0.0]):
        if epsilon != theirs:
            yield Imitation(
                "epsilon",
                f"The layer adds epsilon {epsilon:g} to the variance, torch {theirs:g}.",
                f"Pass epsilon={theirs:g} (Keras's default is 1e-3).",
                with_attributes(suspect, eps=epsilon),
            )


def _running(suspect: Suspect) -> Iterator[Imitation]:
    """Running statistics: the constant, the variance, or not moved at all."""
    if suspect.what != "running statistics":
        return
    theirs = suspect.module.momentum
    ours = _momentum(suspect)
    if ours is not None and abs(ours - theirs) > 1e-9:
        reversed_ = abs(ours - (1 - theirs)) < 1e-6
        meaning = " The conventions are reversed: torch's is the weight of the new, Keras's of the old." * reversed_
        yield Imitation(
            "momentum",
            f"The running statistics take {ours:.6g} of each batch, torch's take {theirs:g}.{meaning}",
            f"Pass momentum={1 - theirs:g} to a Keras BatchNormalization (its default is 0.99).",
            with_attributes(suspect, momentum=ours),
        )
    for momentum in dict.fromkeys([theirs, *([ours] if ours is not None else [])]):
        also = "" if momentum == theirs else f", and {momentum:.6g} of each batch where torch takes {theirs:g}"
        yield Imitation(
            "biased running variance",
            f"The running variance is the biased one (divided by N), torch's is divided by N - 1{also}.",
            "Multiply the batch's variance by N / (N - 1) before it goes into the running variance.",
            _moved(suspect, momentum, lambda variance, n: variance),
        )
    yield Imitation(
        "not moved",
        "The running statistics do not move in training.",
        "Pass training=True, and assign the moving statistics.",
        _moved(suspect, 0.0, lambda variance, n: variance),
    )


def _momentum(suspect: Suspect) -> float | None:
    """Which part of each batch the Keras layer's running mean takes, measured."""
    before = suspect.buffers.get("running_mean")
    ours, theirs = suspect.keras.get("running_mean"), suspect.torch.get("running_mean")
    if before is None or ours is None or ours.shape != theirs.shape or not suspect.module.momentum:
        return None
    batch = (theirs - before) / suspect.module.momentum
    return float(np.vdot(batch, ours - before) / max(np.vdot(batch, batch), 1e-300))


def _moved(suspect: Suspect, momentum: float, correct: Callable[[Any, int], Any]) -> Any:
    """Moves the running statistics by another rule."""

    def forward(inputs: list[Any], weights: Weights) -> list[Any]:
        x = inputs[0].detach()
        axes = [0, *range(2, x.ndim)]
        variance = x.var(axes, unbiased=False)
        count = x.numel() // x.shape[1]
        weights["running_mean"].lerp_(x.mean(axes), momentum)
        weights["running_var"].lerp_(correct(variance, count), momentum)
        if momentum and "num_batches_tracked" in weights:
            weights["num_batches_tracked"] += 1
        return []

    return forward


def _written_otherwise(suspect: Suspect) -> Iterator[Imitation]:
    """A norm that somebody wrote by hand, in training mode."""
    if suspect.what == "running statistics":
        return
    theirs = suspect.module.eps
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
    for name, cause, mend, formula in variants:
        yield Imitation(f"batch norm: {name}", cause, mend, _by_formula(suspect, formula))


def _by_formula(suspect: Suspect, formula: Callable) -> Any:
    def forward(inputs: list[Any], weights: Weights) -> list[Any]:
        x = inputs[0]
        axes = [0, *range(2, x.ndim)]
        shape = [1, -1] + [1] * (x.ndim - 2)
        if suspect.training:
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


def _over_other_axes(suspect: Suspect) -> Iterator[Imitation]:
    """The statistics of other axes than the channels', scale and shift along another axis, or no running statistics."""
    rank = suspect.inputs[0].ndim
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
                yield Imitation(
                    "batch norm: axes",
                    f"{cause}: each channel by itself.",
                    "Give BatchNormalization the channel axis: axis=-1 for channels last, and no transpose in front.",
                    _over(suspect, axes, along),
                )
            also = "" if axes == right else f" It normalises over {_axes(axes, rank)}, torch over {_axes(right, rank)}."
            if along != 1:
                also += f" It scales and shifts along the {_axes((along,), rank)}, torch along the channels."
            yield Imitation(
                "batch norm: no running statistics",
                f"The layer keeps no running statistics, and uses those of the batch in inference too.{also}",
                "Move the running statistics in training, and use them in inference.",
                _over(suspect, axes, along, always=True),
            )


def _axes(axes: tuple[int, ...], rank: int) -> str:
    named = {0: "batch", 1: "channels", 2: "time" if rank == 3 else "height", 3: "width", 4: "depth"}
    return " and ".join(named.get(axis, f"axis {axis}") for axis in axes)


def _over(suspect: Suspect, axes: tuple[int, ...], along: int, always: bool = False) -> Any:
    # Keras's own keeps the biased variance over any axes; ours is torch's in this.
    biased = any(isinstance(layer, keras.layers.BatchNormalization) for layer in suspect.layers)

    def forward(inputs: list[Any], weights: Weights) -> list[Any]:
        x = inputs[0]
        shape = [-1 if axis == along else 1 for axis in range(x.ndim)]
        if suspect.training or always:
            mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
            if not always and suspect.what == "running statistics" and mean.numel() == weights["running_mean"].numel():
                count = x.numel() // mean.numel()
                kept = variance if biased else variance * count / max(count - 1, 1)
                momentum = suspect.module.momentum
                weights["running_mean"].lerp_(mean.ravel(), momentum)
                weights["running_var"].lerp_(kept.ravel(), momentum)
        else:
            mean, variance = weights["running_mean"].view(shape), weights["running_var"].view(shape)
        y = (x - mean) / (variance + suspect.module.eps).sqrt()
        return [_scaled(y, weights, shape)]

    return forward
