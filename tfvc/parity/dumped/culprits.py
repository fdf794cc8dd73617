"""Where two dumps part: what a layer gives is wrong though what it took is right.

Neither model can be run, so no layer is fed the other's input, and no cause is tried. A layer whose inputs agree to
rounding and whose outputs do not is a culprit all the same.
"""

from collections.abc import Sequence

from tfvc.parity.dumped.layers import Call, DumpedLayers
from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.layer import CULPRIT
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import LAYER_OUTPUTS, SLOTS, Mode, Phase, Stage, StageKind

# So many culprits get a diagnosis, as in a run of one process.
MOST = 3
NOT_SEARCHED = "The cause was not searched: that takes both models in one process (tfvc parity run)."
WHOLE = "the whole model"


def forward_culprits(layers: DumpedLayers, failed: Sequence[Row], mode: Mode) -> list[Diagnosis]:
    """The culprits of a forward pass in one mode, in the order of computation.

    Args:
        layers: which have been judged in this mode.
        failed: the rows of the whole models that failed in it, running statistics included.
        mode: which.
    """
    if not failed:
        return []
    found: list[Diagnosis] = []
    before: Call | None = None
    calls = layers.calls.get(Stage(Phase.FORWARD, LAYER_OUTPUTS[mode]), [])
    for call in (call for call in calls if call.pair.leaf):
        entering = _first_failed(call.inputs)
        if entering and not found:
            return [_in_front(call, before, entering)]
        statistics = [row for row in failed if _is_statistic(row) and call.pair.holds(row.key)]
        wrong = _first_failed(call.outputs) or next(iter(statistics), None)
        # Where it is not known what a layer was fed, an earlier culprit accounts for it.
        if wrong and not entering and len(found) < MOST and (call.inputs is not None or not found):
            found.append(_of_layer(call, wrong))
        before = call
    if not found:
        found.append(_behind_all(before, failed[0]))
    return found


def backward_culprits(layers: DumpedLayers, rows: Sequence[Row], stage: Stage) -> list[Diagnosis]:
    """The culprits of a backward pass, the last in the order of computation first.

    Args:
        layers: which have been judged in this stage.
        rows: of the whole models, losses and gradients.
        stage: of the gradients.
    """
    failed = [row for row in rows if row.failed]
    if not failed:
        return []
    losses = [row for row in failed if row.stage.kind is StageKind.LOSSES]
    if losses:
        terms = [row for row in losses if row.key != (stage.turn or "loss")]
        row = (terms or losses)[0]
        fix = f"All layers are right: compare how {row.key} is computed from the outputs."
        return [Diagnosis("loss", Fault.LOSS, "", row, cause=NOT_SEARCHED, fix=fix)]
    behind: Call | None = None
    for call in reversed([call for call in layers.calls.get(stage, []) if call.pair.leaf]):
        coming = _first_failed(call.gradients)
        if coming:
            return [_sent_back(call, behind, coming)]
        of_weights = next((row for row in failed if call.pair.holds(row.key)), None)
        if of_weights:
            return [_of_layer(call, of_weights, surely=call.gradients is not None)]
        behind = call
    fix = "Look at how it is summed, and at what lies in front of the first layer."
    return [Diagnosis(failed[0].key, Fault.BETWEEN_LAYERS, "", failed[0], cause=NOT_SEARCHED, fix=fix)]


def step_culprit(row: Row) -> Diagnosis | None:
    """The culprit of a training step whose gradients are right."""
    kinds = {StageKind.CLIPPED_GRADIENTS: Fault.CLIPPING} | dict.fromkeys((*SLOTS, StageKind.WEIGHTS), Fault.OPTIMIZER)
    kind = kinds.get(row.stage.kind)
    if kind is None:
        return None
    fix = "The gradients are right: compare the two optimizers' constants and update rules."
    return Diagnosis(str(kind), kind, "", row, cause=NOT_SEARCHED, fix=fix)


def _of_layer(call: Call, row: Row, surely: bool | None = None) -> Diagnosis:
    """A layer whose inputs are right, or are not known."""
    layer = call.finding
    surely = call.inputs is not None if surely is None else surely
    if surely:
        layer.verdict = CULPRIT
    kind = Fault.LAYER if surely else Fault.IN_OR_AROUND
    what = "gradient" if row.stage.phase is Phase.BACKWARD else "running statistics" if _is_statistic(row) else "output"
    same = "on the same input" if surely else "(whether they were fed the same is not known)"
    theirs, ours = layer.torch_class or layer.path, layer.keras_class or layer.keras_path
    fix = f"Compare the {what} of {ours} and of {theirs} {same}."
    return Diagnosis(layer.name, kind, layer.keras_path, row, cause=NOT_SEARCHED, fix=fix)


def _in_front(call: Call, before: Call | None, row: Row) -> Diagnosis:
    where = f"between {before.finding.name} and {call.finding.name}" if before else f"in front of {call.finding.name}"
    fix = f"What happens {where} differs: compare it line by line."
    if before is not None and before.outputs is None:
        layer = before.finding
        kind = Fault.IN_OR_BEHIND if before.inputs is not None else Fault.IN_OR_AROUND
        return Diagnosis(layer.name, kind, layer.keras_path, row, cause=NOT_SEARCHED, fix=fix)
    place = (call.pair.parent or "") or WHOLE
    return Diagnosis(place, Fault.BETWEEN_LAYERS, "", row, cause=NOT_SEARCHED, fix=fix)


def _behind_all(last: Call | None, row: Row) -> Diagnosis:
    where = f"behind {last.finding.name}" if last else "in the models"
    fix = f"What happens {where} differs: compare it line by line."
    if last is not None and last.outputs is None:
        layer = last.finding
        return Diagnosis(layer.name, Fault.IN_OR_AROUND, layer.keras_path, row, cause=NOT_SEARCHED, fix=fix)
    return Diagnosis(WHOLE, Fault.BETWEEN_LAYERS, "", row, cause=NOT_SEARCHED, fix=fix)


def _sent_back(call: Call, behind: Call | None, row: Row) -> Diagnosis:
    if behind is None:
        fix = f"The gradient that comes back to {call.finding.name} from the loss differs: look at the loss."
        return Diagnosis("loss", Fault.LOSS, "", row, cause=NOT_SEARCHED, fix=fix)
    layer = behind.finding
    fix = f"The gradient that comes back to {call.finding.name} from {layer.name} differs: look at both, and between."
    return Diagnosis(layer.name, Fault.IN_OR_AROUND, layer.keras_path, row, cause=NOT_SEARCHED, fix=fix)


def _is_statistic(row: Row) -> bool:
    return row.stage.kind is StageKind.RUNNING_STATISTICS


def _first_failed(rows: Sequence[Row] | None) -> Row | None:
    return next((row for row in rows or () if row.failed), None)
