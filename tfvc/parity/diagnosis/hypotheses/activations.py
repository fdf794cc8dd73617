"""Layers without weights: activations with a constant, pooling."""

from collections.abc import Iterator

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, with_attributes
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.findings.words import apart


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
