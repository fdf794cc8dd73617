"""Two layers that have each other's weights: they are paired by these, and each is called in the other's place."""

from collections.abc import Sequence

import numpy as np

from tfvc.parity.diagnosis.explain import explains
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.row import Row
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage

NAME = "weights of another layer"


def diagnose_exchanged(views: LayerViews, passage: Passage, row: Row, passages: Sequence[Passage]) -> Diagnosis | None:
    """The diagnosis, if another layer of the same kind and sizes is fed what this one should be.

    Args:
        views: the layers.
        passage: a call that is fed something wrong.
        row: that failed.
        passages: all calls of the pass.
    """
    sample = passage.inputs[row.key]
    before = _distance(sample.keras64, sample.torch64)
    shapes = _shapes(views, passage)
    for other in passages:
        if other.pair.path == passage.pair.path or row.key not in other.inputs or _shapes(views, other) != shapes:
            continue
        after = _distance(other.inputs[row.key].keras64, sample.torch64)
        if shapes and explains(before, after):
            here, there = views.layer(passage), views.layer(other)
            cause = f"{here.name} and {there.name} have the weights of each other: {there.keras_path} does the work "
            cause += f"of {here.name}."
            fix = "Compare the weight map's pairs: each torch key belongs to one layer."
            evidence = (Evidence(NAME, before, after, True),)
            return Diagnosis(here.name, Fault.LAYER, here.keras_path, row, NAME, cause, fix, evidence)
    return None


def _shapes(views: LayerViews, passage: Passage) -> dict[str, tuple[int, ...]]:
    module = views.models.torch64.module.get_submodule(passage.pair.path)
    return {name: tuple(p.shape) for name, p in module.named_parameters()}


def _distance(x: np.ndarray, y: np.ndarray) -> float:
    if x.shape != y.shape:
        return np.inf
    return float(np.linalg.norm(x - y) / max(float(np.linalg.norm(y)), 1e-300))
