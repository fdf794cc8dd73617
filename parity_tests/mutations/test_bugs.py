"""The harness must catch each planted bug, at the stage where it is, and must pass what is right."""

import numpy as np
import pytest

from parity_tests.mutations import bugs
from tfvc.parity import compare

# Planted bug -> phases to run, and the first stage that must fail.
CAUGHT = {
    bugs.swapped_gates: (("forward",), "outputs"),
    bugs.swapped_directions: (("forward",), "outputs"),
    bugs.flipped_kernel: (("forward",), "outputs"),
    bugs.biased_running_variance: (("forward",), "running statistics"),
    bugs.batch_norm_over_time: (("forward",), "outputs"),
    bugs.batch_norm_without_the_gradient_of_the_mean: (("forward", "backward"), "gradients"),
    bugs.keras_epsilon: (("forward",), "outputs"),
    bugs.adam_epsilon: (("train",), "weights"),
    bugs.clipping_by_variable: (("train",), "momentum"),
    bugs.shifted_padding: (("forward",), "outputs"),
    bugs.strided_same_padding: (("forward",), "outputs"),
    bugs.lost_precision: (("forward",), "outputs"),
    bugs.not_a_number: (("forward",), "outputs"),
    bugs.content_loss_without_gradient: (("forward", "backward"), "gradients"),
    bugs.upstream_broadcast_on_one_side: (("backward",), "losses"),
}


@pytest.mark.parametrize("bug", CAUGHT, ids=lambda bug: bug.__name__)
def test_caught(bug):
    phases, stage = CAUGHT[bug]
    report = compare(bug(), phases, steps=1)
    assert not report.passed
    assert report.first_failure.stage == stage, report.summary()


@pytest.mark.parametrize("init", ["coded", "constant", "random"])
def test_a_gradient_that_is_zero_but_for_rounding_is_listed(init):
    report = compare(bugs.cancelling_bias(0.0), init=init, steps=3)
    report.raise_on_failure()
    assert "gradients: 0.bias" in report.cancelling


@pytest.mark.parametrize("error", [1e-2, 1e-6, 1e-12])
def test_a_wrong_gradient_cannot_hide_among_cancelling_terms(error):
    """Even when it is off by a millionth of a millionth of what cancels in it."""
    report = compare(bugs.cancelling_bias(error), ("backward",))
    assert [row.key for row in report.failures] == ["0.bias"]
    assert np.isfinite(report.failures[0].error64)
