"""Right pairs in which a constant or a step is float32 on one side: they fail in float64, and it is told why."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.four_of import Side

TIME, SIZE = 7, 6
TABLE = np.sin(np.outer(np.arange(TIME), 10000 ** (-np.arange(SIZE) / SIZE)))


class Middle(keras.layers.Layer):
    """A function as a layer."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, x):
        return self.function(x)


class TorchMiddle(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def case(ours, theirs, functional_input=False) -> ParityCase:
    """Two linear layers, and something between them that has no weights."""

    def keras_model():
        layers = [keras.layers.Dense(SIZE), Middle(ours), keras.layers.Dense(5)]
        if not functional_input:
            return keras.Sequential(layers)
        x = given = keras.Input((TIME, SIZE), dtype="float32")
        for layer in layers:
            x = layer(x)
        return keras.Model(given, x)

    def entries(model):
        first, *_, last = [layer for layer in model.layers if layer.weights]
        return LayerTable({"0": first.name, "2": last.name})(model)

    return ParityCase(
        "float32 on one side",
        keras_model,
        lambda: torch.nn.Sequential(torch.nn.Linear(SIZE, SIZE), TorchMiddle(theirs), torch.nn.Linear(SIZE, 5)),
        entries,
        lambda rng: {"x": rng.standard_normal((3, TIME, SIZE))},
    )


def resized(x):
    return tf.cast(tf.image.resize(x[..., None], (2 * TIME, SIZE + 5))[..., 0], x.dtype)[:, :, :SIZE]


def torch_resized(x):
    y = torch.nn.functional.interpolate(x[:, None], (2 * TIME, SIZE + 5), mode="bilinear")
    return y[:, 0, :, :SIZE]


def through_float32(x):
    return tf.cast(tf.tanh(tf.cast(x, tf.float32)), x.dtype)


CASES = {
    "a resized image": case(resized, torch_resized),
    "a table": case(
        lambda x: x + tf.cast(tf.constant(TABLE, tf.float32), x.dtype), lambda x: x + torch.tensor(TABLE).to(x)
    ),
    "a constant": case(lambda x: x * tf.cast(tf.constant(0.7), x.dtype), lambda x: x * 0.7),
    "a constant of torch": case(lambda x: x * 0.7, lambda x: x * float(np.float32(0.7))),
    "a cast": case(through_float32, torch.tanh),
    "an input": case(tf.tanh, torch.tanh, functional_input=True),
    "hard sigmoid": case(keras.activations.hard_sigmoid, torch.nn.functional.hardsigmoid),
}


class Coarse(keras.layers.Dense):
    """A linear layer that rounds something to float32."""

    def __init__(self, units, what):
        super().__init__(units)
        self.what = what

    def call(self, x):
        def rounded(y, what):
            return tf.cast(tf.cast(y, tf.float32), y.dtype) if self.what == what else y

        kernel = rounded(tf.convert_to_tensor(self.kernel), "its weights")
        y = tf.matmul(rounded(x, "its input"), kernel) + rounded(tf.convert_to_tensor(self.bias), "its weights")
        return rounded(y, "its output")


class Scaled(torch.nn.Linear):
    """One with constants of its own."""

    factor = 0.7

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.added = 0.1

    def forward(self, x):
        return torch.tanh(super().forward(x) * self.factor + self.added) + x * 0.3


class CoarselyScaled(keras.layers.Dense):
    """The same with these constants in float32."""

    def call(self, x):
        factor, added, of_input = (tf.cast(tf.constant(c), x.dtype) for c in (0.7, 0.1, 0.3))
        return tf.tanh(super().call(x) * factor + added) + x * of_input


def compared(one):
    return compare(one, phases=("forward", "backward"))


@pytest.mark.parametrize("name", CASES)
def test_it_is_told_as_what_it_is(name):
    report = compared(CASES[name])
    assert not report.passed
    assert all(row.only_rounded and row.failure(FailureKind.ERROR64) for row in report.failures)
    assert all(row.failure(FailureKind.ROUNDING).figure < 4 for row in report.failures)
    assert "float32" in report.diagnosis.why
    assert "no known difference" not in report.text()
    assert "float32 on one side" in " ".join(report.text().split())


@pytest.mark.parametrize("name", ["a cast", "a resized image"])
def test_the_side_whose_step_is_float32(name):
    """Behind it are only numbers of float32."""
    row = compared(CASES[name]).diagnosis.row
    assert row.failure(FailureKind.ROUNDING).side is Side.KERAS64
    assert "Keras float64 gives only what float32 holds" in row.reason


@pytest.mark.parametrize("name", ["a constant", "a constant of torch", "hard sigmoid", "an input"])
def test_where_the_rounding_is_proven_it_is_a_cause(name):
    found = compared(CASES[name]).diagnosis
    assert found.hypothesis == ("float32: step" if name == "an input" else "float32: factor")
    assert found.evidence[0].error_after < 1e-10


def alone(keras_layer, torch_module) -> ParityCase:
    """One layer beside a module, in a model in which the layer in front makes the numbers ones that float32 lacks."""

    def keras_model():
        return keras.Sequential([keras.layers.Dense(SIZE, activation="tanh"), keras_layer()])

    return ParityCase(
        "a coarse layer",
        keras_model,
        lambda: torch.nn.Sequential(torch.nn.Linear(SIZE, SIZE), torch.nn.Tanh(), torch_module(SIZE, SIZE)),
        lambda model: LayerTable({"0": model.layers[0].name, "2": model.layers[1].name})(model),
        lambda rng: {"x": rng.standard_normal((3, TIME, SIZE))},
    )


@pytest.mark.parametrize("what", ["its weights", "its output"])
def test_a_layer_that_rounds(what):
    """Weights are numbers of float32 to begin with: rounding shows in their gradient."""
    found = compared(alone(lambda: Coarse(SIZE, what), torch.nn.Linear)).diagnosis
    assert (found.culprit, found.hypothesis) == ("2", f"float32: {what}")


def test_a_layer_that_rounds_its_input():
    """By itself a layer is fed with numbers of float32, so this shows in the free run alone."""
    report = compared(alone(lambda: Coarse(SIZE, "its input"), torch.nn.Linear))
    assert report.first_failure.only_rounded
    assert "float32 on one side" in report.diagnosis.why


def test_a_layer_with_constants_of_float32():
    found = compare(alone(lambda: CoarselyScaled(SIZE), Scaled), phases=("forward",)).diagnosis
    assert (found.culprit, found.hypothesis) == ("2", "float32: a constant")


def test_what_float32_sees_is_no_rounding():
    report = compared(case(lambda x: x * 0.7001, lambda x: x * 0.7))
    assert not any(row.only_rounded for row in report.failures)
    assert report.failures


def test_right_pairs_of_constants_pass():
    compared(
        case(lambda x: keras.activations.gelu(x) * 0.7, lambda x: torch.nn.functional.gelu(x) * 0.7)
    ).raise_on_failure()
