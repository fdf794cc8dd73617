import numpy as np
import pytest

from tfvc.parity.diagnosis.explain import explain, explains
from tfvc.parity.diagnosis.hypothesis import Hypothesis
from tfvc.parity.diagnosis.subjects.loss import LossSubject

HALF = Hypothesis("half", "It is half.", "Double it.", lambda loss: loss / 2)
TWICE = Hypothesis("twice", "It is twice.", "Halve it.", lambda loss: loss * 2)


def loss(theirs: float, ours: float) -> LossSubject:
    return LossSubject("loss", {"loss": theirs}, {"loss": ours})


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        (0.5, 1e-14, True),
        (0.5, 9e-7, True),
        (0.5, 6.8e-6, False),  # the nearest that a wrong hypothesis came
        (1e-9, 1e-13, True),
        (1e-9, 1e-11, False),  # a hundredth of an error that is small by itself
        (np.inf, 1e-14, True),
        (np.inf, np.inf, False),
    ],
)
def test_what_counts_as_vanished(before, after, right):
    assert explains(before, after) is right


def test_what_rounding_may_leave_is_no_error():
    assert explains(1e-4, 5e-7, rounding=1e-6)
    assert not explains(1e-4, 5e-7)


def test_where_all_is_float64_less_may_be_left():
    """An epsilon of 1e-8 in place of one of 1e-12, where torch's is 1e-5."""
    before, after = (1e-5 - 1e-12) / 2, (1e-8 - 1e-12) / 2
    assert explains(before, after)
    assert not explains(before, after, exact=True)
    assert explains(before, 1e-14, exact=True)


class Slow(LossSubject):
    exhausted = False

    def error(self, wrong=None):
        self.exhausted = wrong is HALF.wrong
        return super().error(wrong)


def test_what_is_no_longer_tried_is_no_evidence():
    subject = Slow("loss", {"loss": 3.0}, {"loss": 6.0})
    found = explain(subject, [HALF, TWICE])
    assert found.hypothesis is None
    assert [one.hypothesis for one in found.evidence] == ["half"]


def test_the_first_that_explains_is_taken_and_listed_first():
    found = explain(loss(3.0, 6.0), [HALF, TWICE, TWICE])
    assert found.hypothesis is TWICE
    assert [(one.hypothesis, one.explains) for one in found.evidence] == [("twice", True), ("half", False)]


def test_nothing_explains():
    found = explain(loss(3.0, 5.0), [HALF, TWICE])
    assert found.hypothesis is None
    assert len(found.evidence) == 2


def test_what_does_not_fit_is_left_out():
    def fail(value):
        raise ValueError("other shapes")

    found = explain(loss(3.0, 6.0), [Hypothesis("odd", "", "", fail), TWICE])
    assert [one.hypothesis for one in found.evidence] == ["twice"]


def test_what_is_equal_needs_no_explanation():
    same = Hypothesis("as it is", "Nothing is wrong.", "", lambda value: value)
    assert explain(loss(3.0, 3.0), [same]).hypothesis is None


def test_what_explains_one_result_must_explain_the_others():
    subject = loss(3.0, 6.0)
    subject.others = [loss(1.0, 2.0)]
    assert explain(subject, [TWICE]).hypothesis is TWICE
    subject.others = [loss(1.0, 5.0)]
    assert explain(subject, [TWICE]).hypothesis is None
