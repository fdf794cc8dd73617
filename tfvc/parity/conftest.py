"""Reports made by hand: one in which all is well, one in which everything occurs that can."""

import math
from dataclasses import replace

import pytest

from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.drift import Drift
from tfvc.parity.findings.dumped import DumpedSide, Limit
from tfvc.parity.findings.environment import Environment
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.findings.raised import Activity, Raised
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.four_of import Side
from tfvc.parity.report import Report

ENVIRONMENT = Environment(
    *("3.11", "2.4", "2.21", "3.15", "2.13", "Linux", "a processor", "CPU", "on", "intra 1, inter 1"), 1, "off"
)


def stage(phase, kind, step=None):
    return Stage(Phase(phase), StageKind(kind), step=step)


def good(phase, kind, key, step=None, error=1e-15, **settings):
    figures = (error, 1e-10, 1e-7, 1e-7, 1.0, 1.0, 2.0)
    return Row(stage(phase, kind, step), key, Verdict.PASS, (), *figures, size=3.0, **settings)


def bad(phase, kind, key, step=None, error=0.5):
    failures = (Failure(FailureKind.ERROR64, figure=error, bound=1e-10),)
    figures = (error, 1e-10, error, 1e-7, error / 1e-7, 1.0, 1e6)
    return Row(stage(phase, kind, step), key, Verdict.FAIL, failures, *figures, size=3.0)


@pytest.fixture
def passing_report() -> Report:
    rows = [
        good("forward", "outputs", "mel"),
        good("backward", "gradients", "conv.weight", error=0.0),
        good("backward", "gradients", "conv.bias", cancelling=True),
        good("train", "weights", "conv.weight", step=1),
    ]
    return Report("small", "random", 3, rows, 1.5, "A small model", environment=ENVIRONMENT)


@pytest.fixture
def failing_report() -> Report:
    output = bad("forward", "inference outputs", "output")
    culprit = Layer(
        "decoder.lstm", "LSTM", "decoder/lstm", "TheirLSTM", parent="decoder", paired_by="weights", verdict="culprit"
    )
    culprit.local_forward = [output]
    culprit.propagated_forward = [bad("forward", "inference outputs", "output", error=0.25)]
    culprit.local_backward = [bad("backward", "gradients", key) for key in ("input", "weight_hh_l0")]
    linear = Layer("decoder.linear", "Linear", "decoder/linear", "Dense", parent="decoder", verdict="victim")
    linear.local_forward = [good("forward", "inference outputs", "output", error=2e-16)]
    linear.propagated_forward = [bad("forward", "inference outputs", "output", error=0.125)]
    again = Layer("decoder.linear", "Linear", "decoder/linear", "Dense", call=2, parent="decoder", verdict="fine")
    whole = Layer("", "Generator", "generator", "AutoVC", verdict="victim")
    decoder = Layer("decoder", "Decoder", "decoder", "Decoder", parent="", verdict="victim")
    raised = Raised(
        *(Activity.MODELS, "ValueError", "too <short>", stage("train", "weights", 2), Side.KERAS32, "decoder/post"),
        "port.py:12",
    )
    hidden = Layer("decoder.post", "Conv2d", "decoder/post", "Conv2D", parent="decoder", verdict="not compared")
    hidden.cannot_be_compared(NotCompared(Reason.INPUT_SHAPE, (2, 3, 9), (2, 11, 3)))
    alone = replace(raised, activity=Activity.LAYERS, side=Side.KERAS64)
    hidden.cannot_be_compared(NotCompared(Reason.RAISED, raised=alone))
    again.cannot_be_compared(NotCompared(Reason.OUTPUT_COUNT, 1, 2))
    lonely = Layer("", keras_path="decoder/relu", keras_class="ReLU", parent="decoder", verdict="unpaired")
    lonely.note = "torch has no module for it"
    why = Diagnosis(
        "decoder.lstm",
        Fault.LAYER,
        "decoder/lstm",
        output,
        "gates f and g swapped",
        "The gates f and g are swapped.",
        "Order them i, f, g, o.",
        (
            Evidence("gates f and g swapped", 0.5, 1e-16, True),
            Evidence("gates f and o swapped", 0.5, 0.4, False),
            Evidence("gates", 0.5, math.inf, False, Raised(Activity.DIAGNOSIS, "TypeError", "no number")),
        ),
    )
    why_hidden = Diagnosis("decoder.post", Fault.IN_OR_BEHIND, "decoder/post", output, fix="Look there.")
    why_else = Diagnosis(
        "optimizer", Fault.OPTIMIZER, "Adam", bad("train", "weights", "x", 1), fix="Compare the slots."
    )
    rows = [
        good("forward", "outputs", "code"),
        bad("forward", "outputs", "mel <b>&\"'"),
        Row(stage("forward", "running statistics"), "count", Verdict.PASS),
        good("backward", "gradients", "conv.bias", cancelling=True),
        Row(
            stage("backward", "gradients"),
            "lstm.weight",
            Verdict.FAIL,
            (Failure(FailureKind.NOT_FINITE, side=Side.KERAS32),),
        ),
        good("train", "outputs", "mel", step=1),
        Row(
            stage("train", "weights", 1),
            "lstm.weight",
            Verdict.DRIFT,
            (),
            *(1e-3, 1e-9, 1e-3, 1e-7, 1e4, 1.0, 1e4),
            size=2.0,
        ),
        bad("train", "weights", "linear.weight", step=2),
    ]
    return Report(
        "autovc",
        "coded",
        0,
        rows,
        75.0,
        "AutoVC",
        layers=[culprit, linear, again, hidden, lonely, decoder, whole],
        diagnoses=[why, why_hidden, why_else],
        raised=[raised, replace(raised, side=Side.KERAS64)],
        drift=[Drift(1, 1e-14, 1.0, "conv.weight", 1e-15, 1.0, False), Drift(2, 1e-3, 99.0, "w", 1e-15, 1.0, True)],
        ignored=["norm.num_batches_tracked"],
        accepted=["batch norm epsilon"],
        held=["decoder/linear/bias"],
        environment=ENVIRONMENT,
        sides=[
            DumpedSide("torch", "theirs", {"torch": "2.13.0"}, ("float64", "float32")),
            DumpedSide("Keras", "ours", {}, ("float32",)),
        ],
        limits=list(Limit),
    )
