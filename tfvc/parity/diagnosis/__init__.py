"""Why a culprit is wrong: the known differences between the frameworks, tried one after the other.

`forward`, `backward`, `sizes` and `optimizer_step` find the culprit. What differs there is a subject (`subjects/`);
all hypotheses about its kind (`hypotheses/`) are tried on it, and `explain` judges whether one explains it. A package
adds hypotheses of its own with `register`, in a module that it names in the entry-point group `tfvc.diagnoses`.
"""

from tfvc.parity.diagnosis import hypotheses  # noqa: F401  which registers them
from tfvc.parity.diagnosis.backward import diagnose_backward
from tfvc.parity.diagnosis.forward import diagnose_forward
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.optimizer_step import diagnose_step
from tfvc.parity.diagnosis.sizes import diagnose_sizes
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, on_inputs, on_outputs, on_weights, with_attributes
from tfvc.parity.diagnosis.subjects.loss import LossSubject
from tfvc.parity.diagnosis.subjects.run import RunSubject, instead, with_weights
from tfvc.parity.diagnosis.subjects.step import StepSubject
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject

__all__ = [
    "Hypothesis",
    "LayerSubject",
    "LossSubject",
    "RunSubject",
    "StepSubject",
    "TensorSubject",
    "diagnose_backward",
    "diagnose_forward",
    "diagnose_sizes",
    "diagnose_step",
    "instead",
    "on_inputs",
    "on_outputs",
    "on_weights",
    "register",
    "with_attributes",
    "with_weights",
]
