"""Normalisation: epsilon, and how running statistics move."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights, with_attributes
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.findings.words import apart

BATCH_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")


@register(LayerSubject)
def epsilon(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another epsilon, of any module that has one."""
    theirs = getattr(subject.module, "eps", None)
    if not isinstance(theirs, float):
        return
    ours = [float(layer.epsilon) for layer in subject.layers if hasattr(layer, "epsilon")]
    for other in dict.fromkeys([*ours, 1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12, 1e-4, 1e-2, 0.0]):
        if other != theirs:
            one, figure = apart(other, theirs)
            yield Hypothesis(
                "epsilon",
                f"The layer adds epsilon {one} to the variance, torch {figure}.",
                f"Pass epsilon={figure} (Keras's default is 1e-3).",
                with_attributes(eps=other),
            )


@register(LayerSubject, *BATCH_NORMS)
def running_statistics(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Running statistics: the constant, the variance, or not moved at all."""
    if subject.what is not StageKind.RUNNING_STATISTICS:
        return
    theirs = subject.module.momentum
    ours = _momentum(subject)
    if ours is not None and abs(ours - theirs) > 1e-9:
        reversed_ = abs(ours - (1 - theirs)) < 1e-6
        meaning = " The conventions are reversed: torch's is the weight of the new, Keras's of the old." * reversed_
        one, other = apart(ours, theirs)
        yield Hypothesis(
            "momentum",
            f"The running statistics take {one} of each batch, torch's take {other}.{meaning}",
            f"Pass momentum={apart(1 - theirs, 1 - ours)[0]} to a Keras BatchNormalization (its default is 0.99).",
            with_attributes(momentum=ours),
        )
    for momentum in dict.fromkeys([theirs, *([ours] if ours is not None else [])]):
        one, other = apart(momentum, theirs)
        also = "" if momentum == theirs else f", and {one} of each batch where torch takes {other}"
        yield Hypothesis(
            "biased running variance",
            f"The running variance is the biased one (divided by N), torch's is divided by N - 1{also}.",
            "Multiply the batch's variance by N / (N - 1) before it goes into the running variance.",
            _moved(momentum, lambda variance, n: variance),
        )
    yield Hypothesis(
        "not moved",
        "The running statistics do not move in training.",
        "Pass training=True, and assign the moving statistics.",
        _moved(0.0, lambda variance, n: variance),
    )


def _momentum(subject: LayerSubject) -> float | None:
    """Which part of each batch the Keras layer's running mean takes, measured."""
    before = subject.buffers.get("running_mean")
    ours, theirs = subject.keras.get("running_mean"), subject.torch.get("running_mean")
    if before is None or ours is None or ours.shape != theirs.shape or subject.module.momentum is None:
        return None
    # Torch's own may take nothing of it.
    batch = subject.results(with_attributes(momentum=1.0))["running_mean"] - before
    return float(np.vdot(batch, ours - before) / max(np.vdot(batch, batch), 1e-300))


def _moved(momentum: float, correct: Callable[[Any, int], Any]) -> Forward:
    """Moves the running statistics by another rule."""

    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
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
