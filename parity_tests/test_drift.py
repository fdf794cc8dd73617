"""Fifty free steps drift apart, which is no bug; a learning rate that is 1 % too high is one, at the first step."""

import keras

from tfvc.cases.layers import normal_inputs, without_training
from tfvc.optimizers.adam import Adam
from tfvc.parity import LayerTable, OptimizerPair, ParityCase, compare
from tfvc.parity.judging.judgement import FORWARD_BOUND

EPSILON = 1e-4


def chaotic(factor: float = 1.0, rate: float = 1.0) -> ParityCase:
    """A network under a learning rate at which rounding grows by orders of magnitude in a dozen steps."""

    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Linear(7, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 6))

    def keras_model():
        dense = keras.layers.Dense
        parts = [dense(16, "tanh", name="a"), dense(16, "tanh", name="b"), dense(6, name="c")]
        return keras.Sequential([keras.Input((5, 7)), *parts])

    return ParityCase(
        "chaotic",
        keras_model,
        torch_module,
        LayerTable({"0": "a", "2": "b", "4": "c"}),
        normal_inputs(3, 5, 7),
        keras_forward=without_training,
        optimizer=OptimizerPair(
            rate,
            keras_factory=lambda rate, clip: Adam(factor * rate, epsilon=EPSILON),
            torch_factory=torch_adam,
            epsilon=EPSILON,
        ),
    )


def torch_adam(parameters, rate):
    import torch

    return torch.optim.Adam(parameters, lr=rate, eps=EPSILON)


def test_drift_is_not_called_a_bug():
    report = compare(chaotic(rate=3.0), ("train",), steps=50)
    assert report.passed, report.text()
    assert len(report.drift) == 50
    assert report.drift[0].free_error64 < FORWARD_BOUND
    assert any(row.verdict == "drift" for row in report.rows)
    # Each step by itself is right to the last.
    resynchronised = max(step.resynchronised_error64 for step in report.drift)
    assert resynchronised < FORWARD_BOUND
    # Two million times here; where rounding begins is another processor's own affair.
    assert max(step.free_error64 for step in report.drift) > 1000 * resynchronised


def test_a_wrong_learning_rate_is_a_bug_at_once():
    report = compare(chaotic(1.01), ("train",), steps=50)
    assert report.first_failure.where.startswith("train step 1, weights")
    assert report.diagnosis.cause == "The learning rate is 1.01, torch's 1."


def test_a_dense_layer_with_its_activation_inside_is_compared_before_it():
    report = compare(chaotic(), ("forward", "backward"), layers=True)
    report.raise_on_failure()
    first = next(layer for layer in report.layers if layer.path == "0")
    assert [row.key for row in first.local_backward] == ["input", "weight", "bias"]
    assert first.propagated_backward
    assert {layer.path for layer in report.unpaired} == {"1", "3"}
