"""A gradient that is zero but for rounding: listed where it is right, caught where it is not."""

import numpy as np
import pytest

from parity_tests.mutations import bugs
from tfvc.parity import StageKind, compare


@pytest.mark.parametrize("init", ["coded", "constant", "random"])
def test_a_gradient_that_is_zero_but_for_rounding_is_listed(init):
    report = compare(bugs.cancelling_bias(0.0), init=init, steps=3)
    report.raise_on_failure()
    assert "gradients: 0.bias" in report.cancelling


@pytest.mark.parametrize("error", [1e-2, 1e-6, 1e-12])
def test_a_wrong_gradient_cannot_hide_among_cancelling_terms(error):
    """Even when it is off by a millionth of a millionth of what cancels in it."""
    report = compare(bugs.cancelling_bias(error), ("backward",))
    failed = [row for row in report.rows if row.failed]
    assert [row.key for row in failed] == ["0.bias"]
    assert np.isfinite(failed[0].error64)


def test_the_loss_of_upstream_on_one_side():
    """AutoVC's solver compares each utterance with every one of the batch."""
    report = compare(bugs.upstream_broadcast_on_one_side(), ("backward",))
    assert report.first_failure.stage.kind is StageKind.LOSSES
    assert report.diagnosis.culprit == "loss"


def test_the_content_loss_without_its_gradient():
    report = compare(bugs.content_loss_without_gradient(), ("forward", "backward"))
    assert report.first_failure.stage.kind is StageKind.GRADIENTS
    assert report.diagnosis.cause.startswith("The gradient that comes back to encoder.lstm (call 2) from the loss is")
