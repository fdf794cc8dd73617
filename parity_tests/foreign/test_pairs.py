"""Models that others wrote: right pairs pass, from made-up weights and from a checkpoint that a package ships."""

from dataclasses import replace

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
    """keras.applications and torchvision as they come: padding, two constants of the norms, dropout."""
    report = compare(mobilenet.as_they_come(0.35), ("forward",))
    padding, norm, *_, dropout = report.diagnoses
    assert (padding.culprit, padding.hypothesis) == ("features.0.0", "same padding")
    assert norm.culprit == "features.0.1"
    for words in (
        "adds epsilon 0.001 to the variance, torch 1e-05",
        "take 0.001 of each batch, torch's take 0.1",
    ):
        assert words in norm.cause
    assert (dropout.culprit, dropout.hypothesis) == ("classifier.0", "dropout")
    assert dropout.cause.startswith("In training torch drops 0.2 of ")


def test_the_biased_variance_is_named():
    """The fifth difference, where nothing else differs."""
    found = compare(replace(mobilenet.small(), accepted=()), ("forward",)).diagnosis
    assert (found.culprit, found.hypothesis) == ("features.0.1", "biased running variance")
