"""What goes wrong when WaveNeXt is ported."""

from collections.abc import Iterator

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, on_weights


@register(LayerSubject, "LayerScale")
def added_to_one(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Other projects keep such factors as what is added to one, so that zeros do nothing."""
    yield Hypothesis(
        "layer scale",
        "The layer adds one to the factors; torch's multiplies by the factors themselves.",
        "Multiply by gamma, not by 1 + gamma.",
        on_weights(lambda weights: {**weights, "gamma": 1 + weights["gamma"]}),
    )
