"""Models that others wrote: right pairs pass, from made-up weights and from a checkpoint that a package ships."""

import pytest

from parity_tests.foreign import mobilenet, resnet
from parity_tests.foreign.pairs import PAIRS, weights
from tfvc.parity import compare


@pytest.mark.parametrize("pair", PAIRS)
def test_a_right_pair_passes(pair):
    """Forward, backward and two steps; the two large ones, whose steps take long, forward and backward."""
    phases = ("forward", "backward") if pair in ("mobilenet", "resnet") else ("forward", "backward", "train")
    compare(PAIRS[pair](), phases, steps=2, weights=weights(pair)).raise_on_failure()


@pytest.mark.slow
@pytest.mark.parametrize("case", [mobilenet.case, resnet.case], ids=["mobilenet", "resnet"])
def test_the_whole_models_pass(case):
    """MobileNetV2 and ResNet50 in their real widths and depths."""
    compare(case(), ("forward", "backward")).raise_on_failure()


def test_true_differences_are_named():
    """keras.applications and torchvision as they come: the first culprit is the first convolution's padding."""
    report = compare(mobilenet.as_they_come(), ("forward",))
    assert report.diagnosis.culprit == "features.0.0"
    assert "padding" in report.diagnosis.hypothesis + report.diagnosis.cause
