"""A functional Keras model of stock layers beside a torch module: neither was written for this harness."""

import pytest

from parity_tests.foreign import keyword_spotter as spotter
from tfvc.parity import Comparison, compare


def test_the_port_is_right():
    """Forward, backward and three steps, from all kinds of weights."""
    comparison = Comparison(spotter.case())
    for init in ("coded", "constant", "random"):
        phases = ("forward", "backward", "train") if init == "coded" else ("forward", "backward")
        report = comparison.run(phases, init, steps=3, layers=True)
        report.raise_on_failure()
        assert {layer.path for layer in report.layers if layer.paired_by} == {"", *spotter.TABLE.layers}
        assert report.ignored == ["bn1.num_batches_tracked", "bn2.num_batches_tracked"]


def test_two_constants_and_a_convention_are_wrong_at_once():
    """No single known difference explains them; each explains one of the results that differ."""
    diagnosis = compare(spotter.keras_defaults(), ("forward",)).diagnosis
    assert diagnosis.hypothesis == "epsilon and biased running variance"
    assert "epsilon 0.001" in diagnosis.cause
    assert "0.01 of each batch where torch takes 0.1" in diagnosis.cause


@pytest.mark.parametrize(
    ("case", "culprit", "keras_layer", "cause"),
    [
        (spotter.wrong_epsilon, "bn1", "norm", "The layer adds epsilon 0.001 to the variance, torch 1e-05."),
        (spotter.wrong_momentum, "bn1", "norm", "The running statistics take 0.9 of each batch, torch's take 0.1."),
        (spotter.wrong_gru, "gru", "gru", "The reset gate is applied before the recurrent kernel"),
        (spotter.nothing_accepted, "bn1", "norm", "The running variance is the biased one"),
    ],
)
def test_the_cause_is_named(case, culprit, keras_layer, cause):
    report = compare(case(), ("forward",))
    assert report.diagnosis.culprit == culprit
    assert report.diagnosis.keras.endswith(keras_layer)
    assert report.diagnosis.cause.startswith(cause)
    assert cause in report.text(width=200)
