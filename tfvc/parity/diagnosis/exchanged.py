"""Two layers that have each other's weights: they are paired by these, and each is called in the other's place."""

from collections.abc import Iterator

import numpy as np

from tfvc.parity.catching import Catching
from tfvc.parity.diagnosis.explain import explains
from tfvc.parity.diagnosis.hypotheses.other_weights import FIX, NAME
from tfvc.parity.diagnosis.runs import aim_of
from tfvc.parity.diagnosis.subjects.run import TorchRun
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.raised import Activity
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Mode, Phase
from tfvc.parity.judging.judgement import FORWARD_BOUND, Sample
from tfvc.parity.tracing.forward import ForwardPass
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage

Shapes = dict[str, tuple[int, ...]]


def diagnose_exchanged(views: LayerViews, passage: Passage, row: Row, one: ForwardPass) -> Diagnosis | None:
    """The diagnosis, if another layer with weights of the same names and shapes is fed what this one should be, and if
    torch's model gives what Keras's gives behind both, once the weights are exchanged there too.

    Layers beside each other are fed the same, which says nothing of their weights: it is the second that proves it.

    Args:
        views: the layers.
        passage: a call that is fed something wrong.
        row: that failed.
        one: the pass.
    """
    if row.stage.phase is not Phase.FORWARD:
        return None
    sample, shapes = passage.inputs[row.key], _shapes(views, passage)
    for other in one.passages if shapes else ():
        if other.pair.path == passage.pair.path or row.key not in other.inputs or _shapes(views, other) != shapes:
            continue
        fed = other.inputs[row.key].keras64
        if not explains(_distance(sample.keras64, sample.torch64), _distance(fed, sample.torch64)):
            continue
        evidence = None
        with Catching(activity=Activity.DIAGNOSIS):  # whoever runs the model next tells what it raises
            evidence = _exchanged_in_torch(views, passage, other, one)
        if evidence is not None and evidence.explains:
            here, there = views.layer(passage), views.layer(other)
            cause = f"{here.name} and {there.name} have the weights of each other: {there.keras_path} does the work "
            cause += f"of {here.name}."
            return Diagnosis(here.name, Fault.LAYER, here.keras_path, row, NAME, cause, FIX, (evidence,))
    return None


def _exchanged_in_torch(views: LayerViews, passage: Passage, other: Passage, one: ForwardPass) -> Evidence | None:
    """How far the first wrong tensor behind both is from torch's, and from torch's with the weights exchanged."""
    models = views.models
    run = TorchRun(models.torch64, models.inputs, one.mode is Mode.TRAINING, models.initial)
    names, paths = _shapes(views, other), (passage.pair.path, other.pair.path)
    weights = {f"{a}.{name}": run.weight(f"{b}.{name}") for a, b in (paths, paths[::-1]) for name in names}
    for key, target in _behind(passage, other, one):
        sample = target.inputs[key] if isinstance(target, Passage) else target
        before = _distance(*sample.float64)
        ours, aim = aim_of(run, key, target) if before > FORWARD_BOUND else (None, None)
        found = run.tensor(aim, weights=weights) if aim is not None else None
        if found is not None:
            after = _distance(found, ours)
            return Evidence(NAME, before, after, explains(before, after, exact=not models.rounded))
    return None


def _behind(passage: Passage, other: Passage, one: ForwardPass) -> Iterator[tuple[str, Passage | Sample]]:
    """What the layers behind two of them are fed, and the outputs of the model."""
    leaves = [call for call in one.passages if call.pair.leaf]
    last = max(i for i, call in enumerate(leaves) if call.call in (passage.call, other.call))
    for call in leaves[last + 1 :]:
        yield from ((name, call) for name in call.inputs)
    yield from one.outputs.items()


def _shapes(views: LayerViews, passage: Passage) -> Shapes:
    """Those of a layer's weights and buffers, by their names in it."""
    prefix = f"{passage.pair.path}."
    shapes = views.models.shapes
    return {key.removeprefix(prefix): x.shape for key, x in shapes.items() if key.startswith(prefix)}


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    if x.shape != y.shape:
        return np.inf
    x, y = x.astype(np.float64), y.astype(np.float64)
    return float(np.linalg.norm(x - y) / max(float(np.linalg.norm(y)), 1e-300))
