"""A hypothesis that another package brings is tried, and named where it is right."""

from importlib.metadata import EntryPoint

import keras
import pytest

from tfvc.common import plugins
from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.diagnosis import hypothesis
from tfvc.parity.diagnosis.hypothesis import hypotheses_about
from tfvc.parity.diagnosis.subjects.loss import LossSubject

THEIRS = """
from tfvc.parity.diagnosis import Hypothesis, LayerSubject, register, with_attributes


@register(LayerSubject, "Softplus")
def softplus(subject):
    theirs = subject.module.beta
    for beta in (0.5, 2.0):
        yield Hypothesis(
            "softplus: beta", f"Beta is {beta:g}, torch's {theirs:g}.", "Pass it on.", with_attributes(beta=beta)
        )
"""


class Softplus(keras.layers.Layer):
    def call(self, x):
        return keras.ops.softplus(2 * x) / 2


def case() -> ParityCase:
    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Linear(5, 4), nn.Softplus())

    def keras_model():
        return keras.Sequential([keras.Input((7, 5)), keras.layers.Dense(4, name="dense"), Softplus(name="act")])

    return ParityCase(
        "softplus",
        keras_model,
        torch_module,
        LayerTable({"0": "dense", "1": "act"}),
        lambda rng: {"x": rng.standard_normal((2, 7, 5))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
    )


@pytest.fixture
def registry(monkeypatch):
    """What is registered in a test is forgotten behind it, and plugins are looked for anew."""
    monkeypatch.setattr(hypothesis, "_GROUPS", list(hypothesis._GROUPS))
    plugins.plugins.cache_clear()
    yield
    plugins.plugins.cache_clear()


@pytest.fixture
def their_package(registry, monkeypatch, tmp_path):
    (tmp_path / "their_diagnoses.py").write_text(THEIRS)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("softplus", "their_diagnoses", "tfvc.diagnoses")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == point.group else [])


def test_without_it_no_cause_is_known(registry):
    diagnosis = compare(case(), ("forward",)).diagnosis
    assert (diagnosis.culprit, diagnosis.hypothesis) == ("1", "")


def test_a_hypothesis_from_outside_is_named(their_package):
    diagnosis = compare(case(), ("forward",)).diagnosis
    assert (diagnosis.culprit, diagnosis.hypothesis) == ("1", "softplus: beta")
    assert diagnosis.text == "Beta is 2, torch's 1. Pass it on."
    tried = [(one.hypothesis, one.explains) for one in diagnosis.evidence]
    assert tried.count(("softplus: beta", True)) == tried.count(("softplus: beta", False)) == 1
    # It is tried before what is true of layers of any kind.
    assert not any(name.startswith(("output", "input")) for name, _ in tried)


def test_hypotheses_are_tried_on_their_own_subject_and_kind_alone(registry):
    given = []

    def note(name):
        return lambda subject: given.append(name) or ()

    hypothesis.register(LossSubject, general=True)(note("general"))
    hypothesis.register(LossSubject, "LSTM")(note("of another kind"))
    hypothesis.register(LossSubject)(note("of any kind"))
    list(hypotheses_about(LossSubject("loss", {"loss": 1.0}, {"loss": 2.0})))
    assert given == ["of any kind", "general"]


def test_what_is_raised_in_place_of_a_hypothesis_costs_only_those_behind_it():
    def two():
        yield hypothesis.Hypothesis("one", "", "", lambda value: value)
        raise TypeError("a call of an unusual form")

    names = [(one.name, one.raised and one.raised.message) for one in hypothesis.guarded("two", two)]
    assert names == [("one", None), ("two", "a call of an unusual form")]
