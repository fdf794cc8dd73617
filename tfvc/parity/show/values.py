"""Findings as plain values, ready for JSON; `findings/report.schema.json` describes them."""

import math
from dataclasses import asdict
from typing import Any

from tfvc.parity.findings.diagnosis import Diagnosis, Evidence
from tfvc.parity.findings.findings import Findings
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.words import stage_words

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
        "drift": [asdict(drift) for drift in findings.drift],
        "ignored": findings.ignored,
        "accepted": findings.accepted,
        "held": findings.held,
        "environment": asdict(findings.environment) if findings.environment else None,
        "passed": findings.passed,
        "first_failure": first.where if first else None,
        "cancelling": findings.cancelling,
        "culprits": [layer.name for layer in findings.culprits],
    }


def _row(row: Row) -> dict[str, Any]:
    values = vars(row) | {"failures": [asdict(failure) for failure in row.failures], "reason": row.reason}
    stage = {
        "phase": row.stage.phase,
        "stage": stage_words(row.stage),
        "stage_kind": row.stage.kind,
        "turn": row.stage.turn,
        "step": row.stage.step,
    }
    return values | stage


def _layer(layer: Layer) -> dict[str, Any]:
    return vars(layer) | {view: [_row(row) for row in getattr(layer, view)] for view in _VIEWS}


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return vars(diagnosis) | {
        "row": _row(diagnosis.row),
        "evidence": [_evidence(evidence) for evidence in diagnosis.evidence],
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    # JSON knows no infinity: how far shapes are apart that differ has no figure.
    return {name: None if value == math.inf else value for name, value in vars(evidence).items()}
