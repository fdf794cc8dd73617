"""A training step that goes wrong behind its gradients: clipping, the optimizer's slots, its rule, its constants."""

from tfvc.parity.diagnosis.explain import explain
from tfvc.parity.diagnosis.subjects.step import step_subjects
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.findings.words import stage_words
from tfvc.parity.sides.before_step import BeforeStep
from tfvc.parity.sides.four_models import FourModels


def diagnose_step(models: FourModels, row: Row, before: BeforeStep) -> Diagnosis:
    """Why a training step went wrong in its optimizer.

    Args:
        models: as the step has left them.
        row: the first that failed.
        before: what the step started from.
    """
    keras = type(models.keras64.optimizers[before.turn.name]).__name__
    kind = Fault.CLIPPING if row.stage.kind is StageKind.CLIPPED_GRADIENTS else Fault.OPTIMIZER
    tried: list[Evidence] = []
    for subject in step_subjects(models, before):
        found = explain(subject)
        if found.hypothesis:
            why = found.hypothesis
            kind = why.fault or kind
            evidence = (found.evidence[0], *tried, *found.evidence[1:])
            return Diagnosis(str(kind), kind, keras, row, why.name, why.cause, why.fix, evidence)
        tried += found.evidence
    what = stage_words(row.stage)
    fix = f"The gradients are right, {what} is not: compare the two optimizers' constants and update rules."
    return Diagnosis(str(kind), kind, keras, row, fix=fix, evidence=tuple(tried))
