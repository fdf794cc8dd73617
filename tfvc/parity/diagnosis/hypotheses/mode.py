"""A layer that does not know whether it is training."""

from collections.abc import Iterator
from typing import Any

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights


@register(LayerSubject)
def mode(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The layer does in one mode what it should do in the other."""
    done, right = ("training", "inference") if subject.training else ("inference", "training")
    yield Hypothesis(
        "training flag",
        f"In {done} the layer does what it should do in {right}.",
        f"Pass training={subject.training} to the call; Keras's default of a direct call is training=False.",
        _in_the_other_mode,
    )


def _in_the_other_mode(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
    subject.module.train(not subject.training)
    return subject.reference(inputs, weights)
