"""Is a Keras model equal to a PyTorch model? Compared forward, backward and through training steps.

    from tfvc.parity import run_case
    run_case("autovc_official").raise_on_failure()

A pair of one's own is a `ParityCase` (see there); `judgement` says what counts as equal.
"""

from collections.abc import Sequence

from tfvc.cases import BUILT_IN, find_case
from tfvc.parity import memory  # noqa: F401  before TensorFlow makes its first tensor
from tfvc.parity.case import OptimizerPair, ParityCase, Turn
from tfvc.parity.findings.layer import Diagnosis, Drift, Environment, Evidence, Layer
from tfvc.parity.findings.report import ParityError, Report, write_json
from tfvc.parity.findings.row import Row
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.runner import PHASES, Comparison, compare
from tfvc.parity.sides.initialization import MODES

__all__ = [
    "MODES",
    "PHASES",
    "Comparison",
    "Diagnosis",
    "Drift",
    "Environment",
    "Evidence",
    "Layer",
    "LayerTable",
    "OptimizerPair",
    "ParityCase",
    "ParityError",
    "Report",
    "Row",
    "Turn",
    "compare",
    "find_case",
    "list_cases",
    "run_case",
    "write_json",
]


def list_cases() -> dict[str, str]:
    """The names of the built-in cases and what each compares."""
    return {name: find_case(name).description for name in BUILT_IN}


def run_case(
    name: str,
    phases: Sequence[str] = PHASES,
    init: str = "coded",
    steps: int = 5,
    seed: int = 0,
    layers: bool = False,
) -> Report:
    """Compares a built-in case, or `module:case` of another package; see `compare`."""
    return compare(find_case(name), phases, init, steps, seed, layers)
