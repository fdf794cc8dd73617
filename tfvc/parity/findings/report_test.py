import io
import json

import pytest
from rich.console import Console

from tfvc.parity.findings.layer import Diagnosis, Evidence, Layer
from tfvc.parity.findings.report import ParityError, Report, write_json
from tfvc.parity.findings.row import Row

GOOD = Row("forward", "outputs", None, "mel", "pass", "", 1e-15, 1e-10, 1e-7, 1e-7, 1.0, 1.0, 2.0)
BIAS = Row("backward", "gradients", None, "conv.bias", "pass", "", 1e-16, 1e-15, 1e-8, 1e-8, 1.0, 1.0, 9.0, True)
BAD = Row("train", "weights", 2, "lstm.weight", "fail", "float64 error 1e-1 > 1e-9", 0.1, 1e-9, 0.1, 1e-7, 1e6)


WRONG_LSTM = Layer(
    "decoder.lstm", "LSTM", "decoder/lstm", "LSTM", verdict="culprit", paired_by="weights", local_forward=[BAD]
)
FED_WRONG = Layer("decoder.linear", "Linear", "decoder/linear", "Dense", verdict="victim", paired_by="weights")
WHY = Diagnosis(
    "decoder.lstm",
    "layer",
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
    assert report.worst_error64("forward") == 1e-15
    assert report.worst_error64("backward") == 0.0
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
    assert read[0]["rows"][0]["error64"] == 1e-15
    assert json.loads(reports[1].to_json()) == read[1]
