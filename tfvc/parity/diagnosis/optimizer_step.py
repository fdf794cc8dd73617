"""A training step that goes wrong behind its gradients: clipping, the optimizer's slots, its rule, its constants."""

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis.explain import explain
from tfvc.parity.diagnosis.subjects.step import step_subjects
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.findings.words import stage_words
from tfvc.parity.sides.four_models import FourModels

_BEHIND_GRADIENTS = (StageKind.CLIPPED_GRADIENTS, StageKind.MOMENTUM, StageKind.VELOCITY, StageKind.WEIGHTS)


def diagnose_step(models: FourModels, row: Row) -> Diagnosis | None:
    """Why a first training step went wrong; None if it did before its optimizer came to it.

    Args:
        models: as the step has left them.
        row: the first that failed.
    """
    if row.stage.kind not in _BEHIND_GRADIENTS:
        return None
    turn = _turn(models, row)
    keras = type(models.keras64.optimizers[turn.name]).__name__
    kind = Fault.CLIPPING if row.stage.kind is StageKind.CLIPPED_GRADIENTS else Fault.OPTIMIZER
    tried: list[Evidence] = []
    for subject in step_subjects(models, turn):
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


def _turn(models: FourModels, row: Row) -> Turn:
    """The turn whose stage it is; of weights that whose optimizer moves them."""
    turns = models.case.all_turns
    named = (turn for turn in turns if row.stage.turn and turn.label == row.stage.turn)
    owner = (turn for turn in turns if turn.owns(row.key))
    return next(named, None) or next(owner, turns[0])
