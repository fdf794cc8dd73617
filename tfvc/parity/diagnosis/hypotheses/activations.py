"""Layers without weights: activations with a constant, pooling."""

from collections.abc import Iterator

import numpy as np

from tfvc.parity.diagnosis.subjects.layer import Imitation, Suspect, with_attributes


def elementwise(suspect: Suspect) -> Iterator[Imitation]:
    """Hypotheses for activations and pooling; none for others."""
    kind = type(suspect.module).__name__
    if kind == "LeakyReLU" and suspect.what == "outputs":
        x, y = suspect.inputs[0], suspect.keras["output"]
        negative = (x < 0) & (y.shape == x.shape)
        if negative.any():
            slope = float(np.median(y[negative] / x[negative]))
            yield Imitation(
                "LeakyReLU slope",
                f"The slope is {slope:.6g}, torch's {suspect.module.negative_slope:g}.",
                f"Pass negative_slope={suspect.module.negative_slope:g} (Keras's layer has 0.3, keras.ops 0.2).",
                with_attributes(suspect, negative_slope=slope),
            )
    if kind.startswith("AvgPool"):
        counted = suspect.module.count_include_pad
        yield Imitation(
            "padding counted",
            f"The average {'leaves out' if counted else 'counts'} the padding, unlike torch's.",
            'Pad with zeros, then pool with padding="valid": "same" never counts the padding.',
            with_attributes(suspect, count_include_pad=not counted),
        )
    if kind == "GELU":
        yield Imitation(
            "GELU",
            "One side has the exact GELU, the other the approximation by tanh.",
            "Pass approximate=False to keras.activations.gelu, or approximate='tanh' to torch's.",
            with_attributes(suspect, approximate="none" if suspect.module.approximate == "tanh" else "tanh"),
        )
    if kind == "ELU":
        for alpha in (1.0, 0.1, 0.3):
            yield Imitation(
                "ELU alpha",
                f"Alpha is {alpha:g}, torch's {suspect.module.alpha:g}.",
                f"Pass alpha={suspect.module.alpha:g}.",
                with_attributes(suspect, alpha=alpha),
            )
