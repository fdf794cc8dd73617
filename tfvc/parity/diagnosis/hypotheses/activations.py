"""Layers without weights: activations with a constant, pooling."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights, with_attributes
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.findings.words import apart
from tfvc.parity.tracing.padding import NO_PADDING


@register(LayerSubject, "LeakyReLU")
def slope(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The slope, measured on negative inputs."""
    if subject.what is not StageKind.OUTPUTS:
        return
    x, y = subject.inputs[0], subject.keras["output"]
    negative = (x < 0) & (y.shape == x.shape)
    if negative.any():
        ours, theirs = float(np.median(y[negative] / x[negative])), subject.module.negative_slope
        one, other = apart(ours, theirs)
        yield Hypothesis(
            "LeakyReLU slope",
            f"The slope is {one}, torch's {other}.",
            f"Pass negative_slope={other} (Keras's layer has 0.3, keras.ops 0.2).",
            with_attributes(negative_slope=ours),
        )


@register(LayerSubject, "AvgPool1d", "AvgPool2d", "AvgPool3d")
def padding_of_averages(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Whether an average counts the padding."""
    counted = subject.module.count_include_pad
    yield Hypothesis(
        "padding counted",
        f"The average {'leaves out' if counted else 'counts'} the padding, unlike torch's.",
        'Pad with zeros, then pool with padding="valid": "same" never counts the padding.',
        with_attributes(count_include_pad=not counted),
    )


@register(LayerSubject, "MaxPool1d", "MaxPool2d", "MaxPool3d")
def padding_of_maxima(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Padding by zeros, where torch pads by what no maximum is; a last window that is not full."""
    module = subject.module
    yield Hypothesis(
        "pooled padding",
        "The maximum is taken of zeros that are padding; torch pads by minus infinity.",
        "Pad by minus infinity, then pool with padding='valid'.",
        _pooling_zeros,
    )
    ours = "has no" if module.ceil_mode else "has a"
    yield Hypothesis(
        "ceil mode",
        f"The output {ours} last window that is not full, unlike torch's (ceil_mode={module.ceil_mode}).",
        "Pad by minus infinity until the last window is full." if module.ceil_mode else "Leave that window out.",
        with_attributes(ceil_mode=not module.ceil_mode),
    )


@register(LayerSubject, "GELU")
def gelu(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The exact GELU or its approximation."""
    yield Hypothesis(
        "GELU",
        "One side has the exact GELU, the other the approximation by tanh.",
        "Pass approximate=False to keras.activations.gelu, or approximate='tanh' to torch's.",
        with_attributes(approximate="none" if subject.module.approximate == "tanh" else "tanh"),
    )


@register(LayerSubject, "ELU")
def alpha(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Other constants of an ELU."""
    for ours in (1.0, 0.1, 0.3):
        one, other = apart(ours, subject.module.alpha)
        yield Hypothesis(
            "ELU alpha",
            f"Alpha is {one}, torch's {other}.",
            f"Pass alpha={other}.",
            with_attributes(alpha=ours),
        )


def _pooling_zeros(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
    """The reference, which pads by zeros."""
    from torch.nn import functional

    padding, x = subject.module.padding, subject.padding.around_torch(inputs[0])
    each = (padding,) * (x.ndim - 2) if isinstance(padding, int) else padding
    x = functional.pad(x, [n for amount in reversed(each) for n in (amount, amount)])
    other = replace(subject, padding=NO_PADDING)
    return with_attributes(padding=0)(other, [x], weights)
