"""Findings as plain values, ready for JSON; `findings/report.schema.json` describes them."""

import math
from dataclasses import asdict
from typing import Any

from tfvc.parity.findings.diagnosis import Diagnosis, Evidence
from tfvc.parity.findings.findings import Findings
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.not_compared import NotCompared
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Stage
from tfvc.parity.findings.words import limit_words, not_compared_words, raised_words, stage_words

SCHEMA = 2
_VIEWS = ("propagated_forward", "local_forward", "propagated_backward", "local_backward")


def as_values(findings: Findings) -> dict[str, Any]:
    """All of the findings, and what is derived from them."""
    first = findings.first_failure
    return {
        "schema": SCHEMA,
        "case": findings.case,
        "init": findings.init,
        "seed": findings.seed,
        "rows": [_row(row) for row in findings.rows],
        "seconds": findings.seconds,
        "description": findings.description,
        "layers": [_layer(layer) for layer in findings.layers],
        "diagnoses": [_diagnosis(diagnosis) for diagnosis in findings.diagnoses],
        "raised": [_raised(raised) for raised in findings.raised],
        "drift": [asdict(drift) for drift in findings.drift],
        "ignored": findings.ignored,
        "accepted": findings.accepted,
        "held": findings.held,
        "unexercised": [asdict(part) for part in findings.unexercised],
        "environment": asdict(findings.environment) if findings.environment else None,
        "sides": [asdict(side) for side in findings.sides],
        "limits": [{"limit": limit, "words": limit_words(limit)} for limit in findings.limits],
        "passed": findings.passed,
        "first_failure": first.where if first else None,
        "cancelling": findings.cancelling,
        "culprits": [layer.name for layer in findings.culprits],
    }


def _row(row: Row) -> dict[str, Any]:
    values = vars(row) | {"failures": [asdict(failure) for failure in row.failures], "reason": row.reason}
    return values | _stage(row.stage)


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "phase": stage.phase,
        "stage": stage_words(stage),
        "stage_kind": stage.kind,
        "turn": stage.turn,
        "step": stage.step,
    }


def _layer(layer: Layer) -> dict[str, Any]:
    views = {view: [_row(row) for row in getattr(layer, view)] for view in _VIEWS}
    return vars(layer) | views | {"not_compared": [_not_compared(why) for why in layer.not_compared]}


def _not_compared(why: NotCompared) -> dict[str, Any]:
    raised = _raised(why.raised) if why.raised else None
    return vars(why) | {"hides": why.hides, "raised": raised, "words": not_compared_words(why)}


def _raised(raised: Raised) -> dict[str, Any]:
    return vars(raised) | {"stage": _stage(raised.stage) if raised.stage else None, "words": raised_words(raised)}


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return vars(diagnosis) | {
        "row": _row(diagnosis.row),
        "evidence": [_evidence(evidence) for evidence in diagnosis.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    # JSON knows no infinity: how far shapes are apart that differ has no figure.
    values = {name: None if value == math.inf else value for name, value in vars(evidence).items()}
    return values | {"raised": _raised(evidence.raised) if evidence.raised else None}
