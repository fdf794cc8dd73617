"""Gradients that are clipped otherwise than torch clips them; of a first step, momentum shows it."""

from collections.abc import Callable, Iterator

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.step import Arrays, StepSubject, ratio_of
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.stage import StageKind


@register(StepSubject)
def clipping(subject: StepSubject) -> Iterator[Hypothesis]:
    """Clipped one by one, by value, to another bound, or not at all."""
    step = subject.step
    if step.clip is None or subject.what is not StageKind.MOMENTUM:
        return
    total = sum(float(np.sum(np.square(g))) for g in step.raw.values()) ** 0.5
    torch_factor = min(1.0, step.clip / (total + 1e-6))
    # Of a first step, momentum is the gradient times a constant.
    to_momentum = ratio_of({k: g * torch_factor for k, g in step.raw.items()}, subject.torch)

    def by_factor(factor: Callable[[np.ndarray], float]) -> Callable[[Arrays], Arrays]:
        return lambda momentum: {k: g * factor(g) * to_momentum for k, g in step.raw.items()}

    yield Hypothesis(
        "clipping: each variable",
        "Each gradient is clipped by its own norm; torch's clip_grad_norm_ clips by the norm of all together.",
        "Pass global_clipnorm, not clipnorm, or use tfvc.optimizers.adam.clip_by_global_norm.",
        by_factor(lambda g: min(1.0, step.clip / max(float(np.linalg.norm(g)), 1e-300))),
        Fault.CLIPPING,
    )
    yield Hypothesis(
        "clipping: none",
        "The gradients are not clipped.",
        "Clip them by their global norm before the optimizer's step.",
        by_factor(lambda g: 1.0),
        Fault.CLIPPING,
    )
    yield Hypothesis(
        "clipping: by value",
        "Each element of a gradient is clipped; torch clips the norm of all together.",
        "Clip by the global norm, not by value.",
        lambda momentum: {k: np.clip(g, -step.clip, step.clip) * to_momentum for k, g in step.raw.items()},
        Fault.CLIPPING,
    )
    factor = subject.ratio * torch_factor
    yield Hypothesis(
        "clipping: bound",
        f"The gradients are clipped to a norm of {factor * total:.6g}; torch's bound is {step.clip:g}.",
        f"Clip to {step.clip:g}.",
        by_factor(lambda g: factor),
        Fault.CLIPPING,
    )
