import pytest

from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.findings.words import apart, failure_words
from tfvc.parity.four_of import Side

WORDS = {
    Failure(FailureKind.SIZE, (3,), (4,)): "torch has (3,), Keras (4,) in torch's layout",
    Failure(FailureKind.SHAPE, (3, 4), (4, 3)): "torch has shape (3, 4), Keras (4, 3)",
    Failure(FailureKind.DTYPE, "float32", "float16"): "Keras gives float16 where torch gives float32",
    Failure(FailureKind.MISSING, torch=(2, 3)): "only torch gives it",
    Failure(FailureKind.DROPPED, "0.2 of 12 elements", "nothing"): "torch drops 0.2 of 12 elements, Keras nothing",
    Failure(FailureKind.NOT_FINITE, side=Side.KERAS32): "Keras float32 is not finite",
    Failure(FailureKind.TOO_LARGE): "too large for its norm",
    Failure(FailureKind.INTEGERS): "integers differ",
    Failure(FailureKind.REFERENCE, figure=0.03): "torch itself does not give it (float64 error 3.0e-02)",
    Failure(FailureKind.ERROR64, figure=0.5, bound=1e-10): "float64 error 5.0e-01 > 1.0e-10",
    Failure(FailureKind.ERROR32, figure=7.25, bound=4.0): "float32 error is 7.2 x noise",
    Failure(FailureKind.PRECISION, figure=2000.4, bound=1024.0): "float32 noise is 2000 x torch's",
    Failure(FailureKind.ROUNDING, figure=0.512, bound=4.0): (
        "a constant or a step is float32 on one side, or differs by as little (0.51 units of float32's rounding)"
    ),
}


@pytest.mark.parametrize("failure", WORDS, ids=lambda failure: failure.kind)
def test_every_failure_has_words(failure):
    assert failure_words(failure) == WORDS[failure]


def test_the_side_of_a_step_in_float32():
    failure = Failure(FailureKind.ROUNDING, side=Side.KERAS64, figure=0.5, bound=4.0)
    assert failure_words(failure) == "a step is float32 on one side: Keras float64 gives only what float32 holds"


def test_all_kinds_are_there():
    assert {failure.kind for failure in WORDS} == set(FailureKind)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (0.9, 0.99, ("0.9", "0.99")),
        (0.001, 0.001, ("0.001", "0.001")),
        (0.001, 0.0010000000474974513, ("0.001", "0.00100000005")),
        (1 / 3, 1 / 3 + 1e-16, ("0.3333333333333333", "0.3333333333333334")),
        (0.9 + 1e-14, 1, ("0.9", "1")),
        (0, 1e-7, ("0", "1e-07")),
    ],
)
def test_figures_that_differ_are_told_apart(one, other, words):
    assert apart(one, other) == words
    assert apart(other, one) == words[::-1]


def test_where_a_tensor_is_from():
    stage = Stage(Phase.TRAIN, StageKind.LOSSES, "discriminator", 2)
    row = Row(stage, "real", Verdict.FAIL, tuple(WORDS)[-3:-1])
    assert row.where == "train step 2, discriminator: losses, real"
    assert row.place == ("train 2", "discriminator: losses")
    assert row.reason == "float32 error is 7.2 x noise; float32 noise is 2000 x torch's"
    assert not row.only_imprecise
    assert Row(stage, "real", Verdict.FAIL, tuple(WORDS)[-2:-1]).only_imprecise
    assert Row(stage, "real", Verdict.FAIL, tuple(WORDS)[-1:]).only_rounded
    assert not Row(stage, "real", Verdict.PASS).only_imprecise
