"""`tfvc parity new`: from two models to a case that runs."""

import sys
from dataclasses import replace

import keras
import pytest
import torch
from torch import nn

from parity_tests.foreign import keyword_spotter as spotter
from tfvc.cli import main
from tfvc.common.errors import TfvcError
from tfvc.parity import compare, load_case
from tfvc.parity.drafting import InputSpec, draft_case


def drafted(text, folder, monkeypatch):
    """The case that a draft makes."""
    (folder / "drafted_case.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "drafted_case", raising=False)
    return load_case("drafted_case:case")


def test_a_functional_model_is_paired_and_passes(tmp_path, monkeypatch):
    """The table is the one that was written by hand; with what it accepts the port passes."""
    found = draft_case(
        "parity_tests.foreign.keyword_spotter:torch_model", "parity_tests.foreign.keyword_spotter:keras_model"
    )
    assert {one.path: one.layers for one in found.matching.matches} == {
        path: (layers,) for path, layers in spotter.TABLE.layers.items()
    }
    assert (found.matching.modules, found.matching.layers, found.problem) == ([], [], "")
    case = replace(drafted(found.text, tmp_path, monkeypatch), accepted=spotter.case().accepted)
    compare(case, ("forward",)).raise_on_failure()


class TorchStack(nn.Module):
    """[batch, channels, time], with what a table cannot say."""

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(10, 10, 3, padding=1) for _ in range(3))
        self.rnn = nn.GRU(10, 8, num_layers=2, batch_first=True)
        self.odd = nn.Linear(8, 5)
        self.scale = nn.Parameter(torch.ones(5))

    def forward(self, x):
        for conv in self.convs:
            x = torch.relu(conv(x))
        x, _ = self.rnn(x.transpose(1, 2))
        return (self.odd(x) * self.scale).transpose(1, 2)


class KerasStack(keras.Model):
    """The port; its last layer is narrower."""

    def __init__(self):
        super().__init__()
        self.convs = [keras.layers.Conv1D(10, 3, padding="same", activation="relu", name="conv") for _ in range(3)]
        self.low = keras.layers.GRU(8, return_sequences=True, name="low")
        self.high = keras.layers.GRU(8, return_sequences=True, name="high")
        self.odd = keras.layers.Dense(4, name="odd")

    def call(self, x):
        for conv in self.convs:
            x = conv(x)
        return self.odd(self.high(self.low(x)))


HERE = "parity_tests.test_drafting"


def broken():
    return 1 // 0


def test_what_is_guessed_and_what_is_left_over_is_said(tmp_path, capsys):
    command = ["parity", "new", f"{HERE}:TorchStack", f"{HERE}:KerasStack", "--out", str(tmp_path / "case.py")]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--input", "x=2,21,10"])
    printed = capsys.readouterr().out
    assert not ended.value.code
    assert "4 pairs, 2 of them guessed by their order\n" in printed
    assert "left over in torch: scale, odd (Linear)\n" in printed
    assert "left over in Keras: odd (Dense)\n" in printed
    assert "does not fit yet: torch gives the shape (2, 5, 21), Keras (2, 21, 4)" in printed
    text = (tmp_path / "case.py").read_text()
    assert '"convs.0": "convs.0",  # guessed: 3 layers fit\n' in text
    assert '"convs.2": "convs.2",\n' in text
    assert '"rnn": ("low", "high"),\n' in text
    with pytest.raises(SystemExit) as ended:
        main([*command, "--input", "x=2,21,10"])
    assert ended.value.code == 2
    assert (tmp_path / "case.py").read_text() == text


@pytest.mark.parametrize(
    ("torch_name", "keras_name", "inputs", "problem"),
    [
        (f"{HERE}:Missing", f"{HERE}:KerasStack", (), "has no attribute 'Missing'"),
        (f"{HERE}:KerasStack", f"{HERE}:KerasStack", (), "makes a KerasStack, not a torch module"),
        (f"{HERE}:TorchStack", f"{HERE}:KerasStack", (), "does not say what it is called with; give --input"),
        (f"{HERE}:HERE", f"{HERE}:KerasStack", (), "is a str; name a class, or a function that makes a torch module"),
        (
            f"{HERE}:broken",
            f"{HERE}:KerasStack",
            (),
            "cannot be made without arguments .ZeroDivisionError",
        ),
        (f"{HERE}:TorchStack", f"{HERE}:KerasStack", (InputSpec("x", (2, 3)),), r"cannot be called with \(2, 3\)"),
    ],
)
def test_what_cannot_be_drafted_is_refused(torch_name, keras_name, inputs, problem):
    with pytest.raises(TfvcError, match=problem):
        draft_case(torch_name, keras_name, inputs)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x=2,40,80", InputSpec("x", (2, 40, 80))),
        ("3,7", InputSpec("x1", (3, 7))),
        ("ids=2,40:100", InputSpec("ids", (2, 40), 100)),
    ],
)
def test_inputs_are_read(text, found):
    assert InputSpec.parse(text, 1) == found


@pytest.mark.parametrize("text", ["", "x", "x=", "x=2,,3", "x=2:a", "2x=3", "x=-1", "x=0,3", "ids=2:0"])
def test_inputs_that_are_none_are_refused(text):
    with pytest.raises(TfvcError, match="give NAME=SIZES"):
        InputSpec.parse(text, 1)
