"""Another function than torch's in a layer by itself, whatever the layer is."""

import time
from collections.abc import Iterator
from typing import Any

from tfvc.parity.diagnosis.hypotheses.functions import changes_of
from tfvc.parity.diagnosis.hypothesis import Hypothesis, guarded, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights
from tfvc.parity.diagnosis.subjects.run import SECONDS
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.sides.torch_functions import FunctionCall, Instead, calling, recording

# A layer of more functions is looked at by its last ones, a slow one, such as a whole encoder, for some time only.
_MOST = 60


@register(LayerSubject, general=True)
def functions_in_a_layer(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Each function that the module calls, made another."""
    if subject.what is not StageKind.OUTPUTS:
        return
    calls: list[FunctionCall] = []

    def recorded(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        with recording(subject.module) as found:
            result = subject.reference(inputs, weights)
        calls.extend(found.functions)
        return result

    subject.results(recorded)
    started = time.monotonic()
    for call in calls[: -_MOST - 1 : -1]:
        if time.monotonic() - started > SECONDS:
            return
        yield from guarded(call.name, lambda call=call: _changed(call))


def _changed(call: FunctionCall) -> Iterator[Hypothesis]:
    for change in changes_of(call):
        yield Hypothesis(change.name, f"In the layer {change.words}.", change.fix, _replacing(call, change.other))


def _replacing(call: FunctionCall, other: Instead) -> Forward:
    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        with calling({call.place: other}):
            return subject.reference(inputs, weights)

    return forward
