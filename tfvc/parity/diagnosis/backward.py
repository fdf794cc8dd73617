"""The culprits of a backward pass."""

from collections.abc import Sequence

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis import between_layers
from tfvc.parity.diagnosis.explain import explain
from tfvc.parity.diagnosis.single_layer import MOST, diagnose_layer
from tfvc.parity.diagnosis.subjects.loss import LossSubject
from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.judging.samples import Samples
from tfvc.parity.tracing.backward import BackwardPass, sent_back_by_terms
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage, cotangents


def diagnose_backward(views: LayerViews, one: BackwardPass) -> list[Diagnosis]:
    """A diagnosis for each culprit, the last in the order of computation first."""
    leaves = [passage for passage in one.passages if passage.pair.leaf]
    found: list[Diagnosis] = []
    for passage in reversed(leaves):
        wrong = next((row for row in views.layer(passage).local_backward if row.failed), None)
        if wrong and len(found) < MOST:
            found.append(diagnose_layer(views, passage, wrong))
    failed = [row for row in one.rows if row.failed]
    if found or not failed:
        return found
    of_losses = [row for row in failed if row.stage.kind is StageKind.LOSSES]
    if of_losses:
        # A term that is wrong says more than the sum of all.
        terms = [row for row in of_losses if row.key != one.turn.name]
        return [_of_loss((terms or of_losses)[0], one.losses, leaves)]
    return [_coming_back(views, leaves, one.turn, failed[0]) or between_layers.lost_gradient(views, failed[0], one)]


def _of_loss(row: Row, samples: Samples, passages: Sequence[Passage]) -> Diagnosis:
    """What the loss would have to be made of to have Keras's value."""
    scalars = {name: sample for name, sample in samples.items() if sample.torch64.size == sample.keras64.size == 1}
    shapes = sorted({sample.torch64.shape for passage in passages for sample in passage.outputs.values()})
    fix = f"All layers are right: compare how {row.key} is computed from the outputs."
    if row.key not in scalars:
        return Diagnosis("loss", Fault.LOSS, "", row, fix=fix)
    theirs = {name: float(sample.torch64) for name, sample in scalars.items()}
    ours = {name: float(sample.keras64) for name, sample in scalars.items()}
    tried = explain(LossSubject(row.key, theirs, ours, shapes))
    found = tried.hypothesis
    if found is None:
        return Diagnosis("loss", Fault.LOSS, "", row, fix=fix, evidence=tried.evidence)
    return Diagnosis("loss", Fault.LOSS, "", row, found.name, found.cause, found.fix, tried.evidence)


def _coming_back(views: LayerViews, leaves: Sequence[Passage], turn: Turn, failed: Row) -> Diagnosis | None:
    """The last call whose cotangent is wrong, if there is one."""
    for index in reversed(range(len(leaves))):
        passage = leaves[index]
        wrong = next((sample for sample in cotangents(passage).values() if _differ(sample)), None)
        if wrong is None:
            continue
        row = next((r for r in views.layer(passage).propagated_backward if r.failed), failed)
        last = index == len(leaves) - 1
        terms = sent_back_by_terms(views.models, turn, passage) if last else {}
        return between_layers.coming_back(views, leaves[index:], wrong, row, terms)
    return None


def _differ(sample: Sample) -> bool:
    theirs, ours = sample.float64
    if theirs.shape != ours.shape:
        return True
    return bool(np.linalg.norm(theirs - ours) > 1e-9 * max(np.linalg.norm(theirs), 1e-30))
