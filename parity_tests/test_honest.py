"""Whatever a model does, the report says what is known: what was raised, and what could not be compared."""

import pytest

from parity_tests import honest
from tfvc.common.errors import TfvcError
from tfvc.parity import OptimizerPair, compare
from tfvc.parity.diagnosis import Hypothesis, LayerSubject, hypothesis, register, with_attributes
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.not_compared import Reason
from tfvc.parity.findings.raised import Activity
from tfvc.parity.four_of import Side
from tfvc.parity.sides.four_models import FourModels

KERAS, TORCH = {Side.KERAS64, Side.KERAS32}, {Side.TORCH64, Side.TORCH32}


def raising(error):
    def raise_it(*args, **kwargs):
        raise error

    return raise_it


def in_training(error, dtype=None):
    def maybe(x, training):
        if training and dtype in (None, x.dtype):
            raise error

    return maybe


@pytest.mark.parametrize(
    ("case", "stage", "sides", "exception", "known"),
    [
        (lambda: honest.case(keras=in_training(OSError("no"))), "training outputs", KERAS, "OSError", 1),
        (
            lambda: honest.case(keras=in_training(TypeError("no"), "float64")),
            "training outputs",
            {Side.KERAS64},
            "TypeError",
            1,
        ),
        (lambda: honest.case(torch=in_training(AssertionError("no"))), "training outputs", TORCH, "AssertionError", 1),
        (
            lambda: honest.case(keras_losses=raising(ZeroDivisionError("no")), torch_losses=raising(KeyError("no"))),
            "gradients",
            KERAS | TORCH,
            "KeyError",
            2,
        ),
        (
            lambda: honest.case(optimizer=OptimizerPair(keras_factory=raising(ValueError("no")))),
            "weights",
            KERAS,
            "ValueError",
            16,
        ),
        (
            lambda: honest.case(optimizer=OptimizerPair(torch_factory=raising(ValueError("no")))),
            "weights",
            TORCH,
            "ValueError",
            16,
        ),
    ],
)
def test_what_is_raised_is_told_with_what_was_known(case, stage, sides, exception, known):
    report = compare(case(), steps=1)
    assert not report.passed
    assert len(report.rows) == known
    assert not any(row.failed for row in report.rows)
    assert {one.side for one in report.raised} == sides
    assert exception in {one.exception for one in report.raised}
    assert {str(one.stage.kind) for one in report.raised} == {stage}
    for one in report.raised:
        assert one.message.strip("'") == "no"
        assert "test_honest.py:" in one.frame
    assert f"{exception}: " in report.text(width=300)


def test_the_layer_is_named_that_was_running():
    report = compare(honest.case(keras_inside=raising(RuntimeError("first line\nsecond line"))), ("forward",))
    assert {one.layer for one in report.raised} == {"small/inside"}
    assert {one.message for one in report.raised} == {"first line"}


def test_a_culprit_before_what_is_raised_is_found():
    """The exception may be a consequence: the layers before it were compared."""
    report = compare(honest.case(keras=in_training(OSError("no")), scale=1.5), ("forward",))
    assert report.diagnosis.culprit == "first"
    assert "1.5" in report.diagnosis.cause
    assert report.raised


def test_a_keras_model_that_its_first_call_would_build():
    report = compare(honest.case(keras=raising(OSError("no")), unbuilt=True))
    assert {one.side for one in report.raised} == KERAS
    assert report.rows == []


@pytest.mark.parametrize("what", ["keras_model", "torch_module", "entries", "inputs"])
def test_a_case_that_cannot_be_built_is_one_line(what):
    with pytest.raises(TfvcError, match=rf"its {what} raises OSError: no \(.*test_honest\.py:\d+\)"):
        compare(honest.case(**{what: raising(OSError("no"))}))


def test_misuse_is_no_finding():
    with pytest.raises(TfvcError, match="no accepted difference"):
        compare(honest.case(accepted=("something",)))
    with pytest.raises(TfvcError, match="unknown parity phase"):
        compare(honest.case(), ("sideways",))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError()])
def test_what_is_of_the_machine_goes_on(error):
    with pytest.raises(type(error)):
        compare(honest.case(torch=in_training(error)))


@pytest.mark.parametrize("early", [True, False])
def test_a_hypothesis_that_raises_keeps_the_others_from_nothing(monkeypatch, early):
    monkeypatch.setattr(hypothesis, "_GROUPS", list(hypothesis._GROUPS))

    @register(LayerSubject, "Linear")
    def broken(subject):
        if early:
            raise ValueError("not made")
        yield Hypothesis("breaks", "", "", raising(TypeError("not tried")))
        yield Hypothesis("right", "It is right.", "", with_attributes())

    report = compare(honest.case(scale=1.5), ("forward",))
    assert "times 1.5" in report.diagnosis.cause
    (told,) = [evidence for evidence in report.diagnosis.evidence if evidence.raised]
    assert (told.raised.activity, told.raised.exception) == (
        Activity.DIAGNOSIS,
        "ValueError" if early else "TypeError",
    )


def test_outputs_that_one_side_gives_alone():
    """The others are compared, also by the default loss."""
    case = honest.case(torch_forward=lambda m, x: {"output": m(x["x"]), "more": m.first(x["x"])})
    report = compare(case)
    assert [(row.key, row.reason) for row in report.rows if row.failed] == [("more", "only torch gives it")] * 2
    assert not report.raised
    assert any(row.stage.phase == "backward" for row in report.rows)


def test_an_output_of_another_shape():
    report = compare(honest.case(torch_forward=lambda m, x: {"output": m(x["x"])[:2]}))
    assert report.first_failure.reason.startswith("torch has shape (2, 3), Keras (4, 3)")
    assert report.diagnosis.kind is Fault.BETWEEN_LAYERS


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("wrong", [False, True])
def test_a_scripted_module_is_not_compared(wrong):
    report = compare(honest.case(scripted=True, scale=1.5 if wrong else 1.0), ("forward",), layers=True)
    (layer,) = report.not_compared
    assert layer.name == "first"
    assert [why.reason for why in layer.not_compared] == [Reason.CALLS]
    assert report.passed is not wrong
    if wrong:
        assert (report.diagnosis.kind, report.diagnosis.culprit) == (Fault.IN_OR_AROUND, "first")


@pytest.mark.parametrize("wrong", [False, True])
def test_a_layer_that_cannot_be_run_by_itself(wrong):
    """It may be what is wrong, and is not called fine."""
    report = compare(honest.case(only_inside=True, inside_scale=1.5 if wrong else 1.0), layers=True, steps=1)
    (layer,) = report.not_compared
    assert {why.raised.exception for why in layer.not_compared} == {"AttributeError"}
    assert {why.raised.side for why in layer.not_compared} <= KERAS
    assert report.passed is not wrong
    if wrong:
        assert (report.diagnosis.kind, report.diagnosis.culprit) == (Fault.IN_OR_BEHIND, "inside")


def test_the_gradient_of_what_could_not_be_compared():
    report = compare(honest.case(only_inside=True, inside_gradient=2.0), layers=True)
    assert (report.diagnosis.kind, report.diagnosis.culprit) == (Fault.IN_OR_BEHIND, "inside")


def test_more_outputs_of_a_layer_than_the_other_gives():
    report = compare(honest.case(inside_outputs=2), layers=True, steps=1)
    report.raise_on_failure()
    (layer,) = [layer for layer in report.layers if layer.not_compared]
    assert (layer.name, layer.verdict, layer.not_compared[0].reason) == ("inside", "fine", Reason.OUTPUT_COUNT)
    assert "torch gives 1 tensors, Keras 2" in report.text(width=300)


def test_sides_in_turn_and_together_tell_all_that_they_raise():
    models = FourModels(honest.case())
    for run in (models.each, models.in_turn):
        with pytest.raises(Exception, match=r"torch float64: OSError: no; Keras float64: OSError: no; torch"):
            run(raising(OSError("no")))


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_axes_that_are_folded_on_one_side(scale):
    """[batch * time, channels] in torch, [batch, time, channels] in Keras."""
    report = compare(honest.folded(scale), ("forward", "backward"), layers=True)
    assert [layer.name for layer in report.culprits] == ([] if scale == 1 else ["first"])
    assert report.layers[0].local_forward
    assert report.layers[0].local_backward
    assert scale != 1 or not report.not_compared
    assert scale != 1 or not report.victims


def test_the_cell_of_a_recurrent_layer_is_called_once_more_by_keras():
    report = compare(honest.cell_in_rnn(), ("forward", "backward"), layers=True)
    report.raise_on_failure()
    assert not report.diagnoses
    assert [layer.name for layer in report.layers if layer.path == "cell"] == [
        "cell",
        *(f"cell (call {n})" for n in (2, 3, 4)),
    ]
    assert {layer.verdict for layer in report.layers} == {"fine"}


def test_a_layer_that_one_model_calls_more_often():
    report = compare(honest.called_twice(), ("forward",), layers=True)
    report.raise_on_failure()
    (layer,) = report.not_compared
    assert (layer.name, layer.not_compared[0].torch, layer.not_compared[0].keras) == ("first", 3, 1)
    assert not report.diagnoses
