"""Is a Keras model equal to a PyTorch model? Compared forward, backward and through training steps.

    from tfvc.parity import compare
    compare(my_case).raise_on_failure()

A pair is a `ParityCase` (see there); `judging.judgement` says what counts as equal. The pairs of tfvc's own models are
in `tfvc.cases`.
"""

from tfvc.parity.case import OptimizerPair, ParityCase, Turn, load_case
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence
from tfvc.parity.findings.drift import Drift
from tfvc.parity.findings.environment import Environment
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.noise import keras_drawn, torch_drawn
from tfvc.parity.report import ParityError, Report, write_json
from tfvc.parity.runner import PHASES, Comparison, compare
from tfvc.parity.sides import memory  # noqa: F401  before TensorFlow makes its first tensor
from tfvc.parity.sides.initialization import MODES
from tfvc.parity.tracing.kinds import register_kind

__all__ = [
    "MODES",
    "PHASES",
    "Comparison",
    "Diagnosis",
    "Drift",
    "Environment",
    "Evidence",
    "Failure",
    "FailureKind",
    "Layer",
    "LayerTable",
    "OptimizerPair",
    "ParityCase",
    "ParityError",
    "Phase",
    "Report",
    "Row",
    "Stage",
    "StageKind",
    "Turn",
    "compare",
    "keras_drawn",
    "load_case",
    "register_kind",
    "torch_drawn",
    "write_json",
]
