"""The culprits of forward passes."""

from collections.abc import Sequence

from tfvc.parity.diagnosis import between_layers
from tfvc.parity.diagnosis.single_layer import MOST, diagnose_layer
from tfvc.parity.findings.diagnosis import Diagnosis
from tfvc.parity.findings.row import Row
from tfvc.parity.tracing.forward import ForwardPass
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage


def diagnose_forward(views: LayerViews, passes: Sequence[ForwardPass]) -> list[Diagnosis]:
    """A diagnosis for each culprit of the first pass that has any, the first in the order of computation first."""
    for one in passes:
        found: list[Diagnosis] = []
        before: list[Passage] = []
        for passage in (passage for passage in one.passages if passage.pair.leaf):
            entering = _entering(views, passage, one)
            if entering and not found:
                return [between_layers.entering(views, passage, before, entering)]
            wrong = next((row for row in views.layer(passage).local_forward if row.failed), None)
            if wrong and len(found) < MOST:
                found.append(diagnose_layer(views, passage, wrong, passes))
            before.append(passage)
        if one.failed and not found:
            found.append(between_layers.leaving(views, before, one.failed[0], one.outputs))
        if found:
            return found
    return []


def _entering(views: LayerViews, passage: Passage, one: ForwardPass) -> Row | None:
    """The first input of a call that is wrong in this pass."""
    rows = views.layer(passage).propagated_forward
    of_inputs = (row for row in rows if row.key in passage.inputs and row.stage.mode is one.mode)
    return next((row for row in of_inputs if row.failed), None)
