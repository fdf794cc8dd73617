"""Makes torch's whole model a subject, to be run again up to where a tensor is wrong."""

from collections.abc import Collection, Sequence

import numpy as np

from tfvc.parity.diagnosis.subjects.run import RunSubject, Target, TorchRun
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Mode, Phase
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.sides.torch_functions import FunctionCall
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage

# From so many layers back on functions may be wrong: what another branch has computed, for instance.
_BACK = 4


def run_subject(
    views: LayerViews,
    place: str,
    row: Row,
    target: Passage | Sample,
    before: Sequence[Passage],
    also: Passage | None = None,
) -> RunSubject | None:
    """Torch's run up to a tensor that is wrong; None if a run does not give it.

    Args:
        views: the layers.
        place: what happens there, in words.
        row: that failed.
        target: the call whose input is wrong, or the model's output that is.
        before: the calls before it.
        also: a call that is looked into, though it could be compared.
    """
    if row.stage.phase is not Phase.FORWARD:
        return None
    models, training = views.models, row.stage.mode is Mode.TRAINING
    run = TorchRun(models.torch64, models.inputs, training, models.initial)
    ours, aim = aim_of(run, row.key, target)
    if aim is None:
        return None
    leaves = [pair.path for pair in views.pairing.pairs if pair.leaf]
    record = run.recorded(aim, leaves)
    compared = {passage.pair.path for passage in before if not views.layer(passage).hidden}
    compared -= {also.pair.path} if also is not None else set()
    # What the last layer does once may be done once more behind it.
    right = frozenset({before[-1].pair.path} & compared if before else ())
    compared -= right
    ends = {call: index for index, call in enumerate(record.ended, 1)}
    last = max((ends.get(passage.call, 0) for passage in before[-1:]), default=0)
    calls = [call for call in record.functions if call.ended >= last - _BACK and not _inside(call, compared)]
    theirs = run.tensor(aim)
    if theirs is None or theirs.shape != ours.shape:
        return None
    ended = [path for path, _ in record.ended]
    pairs = [pair.path for pair in views.pairing.pairs]
    order = sorted(calls[::-1], key=lambda call: _inside(call, right))
    exact = not models.rounded
    return RunSubject(place, run, aim, theirs, ours, order, models.keras64.entries, ended, pairs, right, exact)


def aim_of(run: TorchRun, key: str, target: Passage | Sample) -> tuple[np.ndarray, Target | None]:
    """What Keras gives, and which tensor of torch's run should be that; None if none is.

    Args:
        run: torch's.
        key: the name of a call's input, or of an output.
        target: the call, or the output.
    """
    if not isinstance(target, Passage):
        return target.keras64, Target(key, is_output=True)
    path, number = target.call
    sample = target.inputs[key]
    inside = target.torch_padding.without
    for index in range(len(target.calls.torch64.inputs) + len(target.calls.torch64.own)):
        aim = Target(path, number, index, inside=inside)
        found = run.tensor(aim)
        if found is not None and found.shape == sample.torch64.shape and np.allclose(found, sample.torch64, 1e-9, 1e-9):
            return sample.keras64, aim
    return np.zeros(0), None


def _inside(call: FunctionCall, paths: Collection[str]) -> bool:
    """Whether one of these modules, or a module in it, calls the function."""
    return any(call.path == path or call.path.startswith(f"{path}.") for path in paths)
