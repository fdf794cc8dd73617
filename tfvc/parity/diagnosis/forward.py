"""The culprits of forward passes."""

from collections.abc import Sequence

from tfvc.parity.diagnosis import between_layers
from tfvc.parity.diagnosis.exchanged import diagnose_exchanged
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
                exchanged = diagnose_exchanged(views, passage, entering, one)
                return [exchanged or between_layers.entering(views, passage, before, entering)]
            wrong = next((row for row in views.layer(passage).local_forward if row.failed), None)
            if wrong and len(found) < MOST:
                why = diagnose_layer(views, passage, wrong, passes)
                first = not found and not why.hypothesis
                found.append(_with_what_follows(views, why, [*before, passage], one) if first else why)
            before.append(passage)
        if one.failed and not found:
            found.append(between_layers.leaving(views, before, one.failed[0], one.outputs))
        if found:
            return found
    return []


def _with_what_follows(views: LayerViews, why: Diagnosis, calls: Sequence[Passage], one: ForwardPass) -> Diagnosis:
    """A layer that nothing explains by itself, together with what follows it: Keras's may do that too.

    Args:
        views: the layers.
        why: the diagnosis without a cause.
        calls: the calls up to the layer's.
        one: the pass.
    """
    leaves = [passage for passage in one.passages if passage.pair.leaf]
    for passage in leaves[leaves.index(calls[-1]) + 1 :]:
        row = _entering(views, passage, one)
        if row:
            return between_layers.followed(views, why, calls, row, passage)
    failed = next((row for row in one.failed if row.key in one.outputs), None)
    return between_layers.followed(views, why, calls, failed, one.outputs[failed.key]) if failed else why


def _entering(views: LayerViews, passage: Passage, one: ForwardPass) -> Row | None:
    """The first input of a call that is wrong in this pass."""
    rows = views.layer(passage).propagated_forward
    of_inputs = (row for row in rows if row.key in passage.inputs and row.stage.mode is one.mode)
    return next((row for row in of_inputs if row.failed), None)
