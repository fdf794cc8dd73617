import io
import json

import pytest
from rich.console import Console

from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.report import ParityError, Report, write_json

OUTPUTS = Stage(Phase.FORWARD, StageKind.OUTPUTS)
GRADIENTS = Stage(Phase.BACKWARD, StageKind.GRADIENTS)
WEIGHTS = Stage(Phase.TRAIN, StageKind.WEIGHTS, step=2)
GOOD = Row(OUTPUTS, "mel", Verdict.PASS, (), 1e-15, 1e-10, 1e-7, 1e-7, 1.0, 1.0, 2.0)
BIAS = Row(GRADIENTS, "conv.bias", Verdict.PASS, (), 1e-16, 1e-15, 1e-8, 1e-8, 1.0, 1.0, 9.0, True)
TOO_FAR = (Failure(FailureKind.ERROR64, figure=0.1, bound=1e-9),)
BAD = Row(WEIGHTS, "lstm.weight", Verdict.FAIL, TOO_FAR, 0.1, 1e-9, 0.1, 1e-7, 1e6)


WRONG_LSTM = Layer(
    "decoder.lstm", "LSTM", "decoder/lstm", "LSTM", verdict="culprit", paired_by="weights", local_forward=[BAD]
)
FED_WRONG = Layer("decoder.linear", "Linear", "decoder/linear", "Dense", verdict="victim", paired_by="weights")
WHY = Diagnosis(
    "decoder.lstm",
    Fault.LAYER,
    "decoder/lstm",
    BAD,
    "gates",
    "The gates f and g are swapped.",
    "Order them i, f, g, o.",
    (Evidence("gates", 0.3, 1e-16, True),),
)


def printed(report: Report, **settings) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(report.table(**settings))
    return console.file.getvalue()


def test_the_culprit_and_its_cause_come_first():
    report = Report("autovc", "coded", 0, [GOOD, BAD], layers=[FED_WRONG, WRONG_LSTM], diagnoses=[WHY])
    text = printed(report)
    assert text.splitlines()[0] == "culprit  decoder.lstm (Keras: decoder/lstm)"
    assert "The gates f and g are swapped." in text
    assert text.index("decoder.linear") > text.index("decoder.lstm")
    assert report.culprits == [WRONG_LSTM]
    with pytest.raises(ParityError, match="Order them i, f, g, o"):
        report.raise_on_failure()


def test_a_report_that_passes():
    report = Report("autovc", "coded", 0, [GOOD, BIAS])
    assert report.passed
    assert report.cancelling == ["gradients: conv.bias"]
    assert report.worst_error64(Phase.FORWARD) == 1e-15
    assert report.worst_error64(Phase.BACKWARD) == 0.0
    assert "PASS" in report.summary()
    report.raise_on_failure()


def test_a_report_that_fails_names_the_first_stage():
    report = Report("autovc", "coded", 0, [GOOD, BAD, BIAS])
    assert not report.passed
    assert report.first_failure is BAD
    with pytest.raises(ParityError, match=r"FAIL at train step 2, weights, lstm\.weight"):
        report.raise_on_failure()
    text = printed(report, limit=1)
    assert "lstm.weight" in text


def test_nothing_compared_is_no_pass():
    report = Report("autovc", "coded", 0)
    assert not report.passed
    with pytest.raises(ParityError, match="FAIL"):
        report.raise_on_failure()


def test_json(tmp_path):
    reports = [Report("autovc", "coded", 0, [GOOD, BAD]), Report("lstm", "random", 1, [GOOD])]
    write_json(reports, tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert [r["passed"] for r in read] == [False, True]
    assert read[0]["first_failure"] == "train step 2, weights, lstm.weight"
    good, bad = read[0]["rows"]
    assert good["error64"] == 1e-15
    assert (bad["phase"], bad["step"], bad["stage"], bad["stage_kind"]) == ("train", 2, "weights", "weights")
    assert bad["reason"] == "float64 error 1.0e-01 > 1.0e-09"
    assert bad["failures"][0]["kind"] == "float64 error"
    assert bad["failures"][0]["bound"] == 1e-9
    assert json.loads(reports[1].to_json()) == read[1]
