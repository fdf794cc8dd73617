import keras
import numpy as np
import pytest
import torch

from tfvc.common.errors import TfvcError
from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.sides.keras_trace import traced
from tfvc.parity.tracing.axes import by_kind, of_input, of_output
from tfvc.weights import Entry, entries_of
from tfvc.weights.layouts import MATRIX

RNG = np.random.default_rng(0)


class Block(torch.nn.Module):
    """Two projections with an activation between them, which works in place."""

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.LeakyReLU(0.1, inplace=True))
        self.out = torch.nn.Linear(5, 3)

    def forward(self, x):
        return self.out(self.inner(x)) + self.out(self.inner(2 * x))


class KerasInner(keras.layers.Layer):
    def __init__(self, slope: float, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(5)
        self.act = keras.layers.LeakyReLU(slope)

    def call(self, x):
        return self.act(self.dense(x))


class KerasBlock(keras.layers.Layer):
    def __init__(self, slope: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.inner = KerasInner(slope)
        self.out = keras.layers.Dense(3)

    def call(self, x):
        return self.out(self.inner(x)) + self.out(self.inner(2 * x))


def case(table: dict, slope: float = 0.1) -> ParityCase:
    return ParityCase(
        "block",
        lambda: KerasBlock(slope),
        Block,
        LayerTable(table),
        lambda rng: {"x": rng.standard_normal((2, 6, 4))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
    )


def test_nested_layers_that_are_called_twice():
    report = compare(case({"inner.0": "inner.dense", "out": "out"}), ("forward", "backward"), layers=True)
    report.raise_on_failure()
    calls = [(layer.path, layer.call) for layer in report.layers]
    assert set(calls) == {(path, call) for path in ("inner.0", "inner.1", "out") for call in (1, 2)} | {("", 1)}
    assert {layer.path: layer.paired_by for layer in report.layers} == {
        "inner.0": "table",
        "inner.1": "position",
        "out": "table",
        "": "weights",
    }
    assert all(layer.parent == "" for layer in report.layers if layer.path)
    assert not report.unpaired


class Fused(keras.layers.Layer):
    """All of a block in one layer, without a layer inside that could be paired."""

    def __init__(self, slope: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.slope = slope

    def build(self, input_shape):
        shapes = {"first": (4, 5), "first_bias": (5,), "second": (5, 3), "second_bias": (3,)}
        for name, shape in shapes.items():
            setattr(self, name, self.add_weight(name=name, shape=shape))

    def call(self, x):
        return self.projected(x) + self.projected(2 * x)

    def projected(self, x):
        hidden = keras.ops.leaky_relu(x @ self.first + self.first_bias, self.slope)
        return hidden @ self.second + self.second_bias


def fused(slope: float) -> ParityCase:
    """A projection, and behind it a block that is a composite in torch and one layer in Keras."""

    def entries(model):
        block = model.layers[1]
        names = {"inner.0": "first", "out": "second"}
        return [
            *entries_of("0", model.layers[0]),
            *(Entry(f"1.{path}.weight", getattr(block, name), MATRIX) for path, name in names.items()),
            *(Entry(f"1.{path}.bias", getattr(block, f"{name}_bias")) for path, name in names.items()),
        ]

    return ParityCase(
        "fused",
        lambda: keras.Sequential([keras.Input((6, 7)), keras.layers.Dense(4), Fused(slope)]),
        lambda: torch.nn.Sequential(torch.nn.Linear(7, 4), Block()),
        entries,
        lambda rng: {"x": rng.standard_normal((2, 6, 7))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
    )


def test_a_composite_without_pairs_inside_is_run_as_one():
    report = compare(fused(0.1), ("forward", "backward"), layers=True)
    report.raise_on_failure()
    block = next(layer for layer in report.layers if layer.path == "1")
    assert block.local_forward
    assert {row.key for row in block.local_backward} == {
        "input",
        "inner.0.weight",
        "inner.0.bias",
        "out.weight",
        "out.bias",
    }


def test_a_composite_may_be_the_culprit():
    report = compare(fused(0.2), ("forward",))
    assert [layer.path for layer in report.culprits] == ["1"]
    assert report.diagnosis.culprit == "1"


def test_a_table_names_layers_without_weights():
    """And then the culprit is the activation, in both of its calls."""
    table = {"inner.0": "inner.dense", "inner.1": "inner.act", "out": "out"}
    report = compare(case(table, slope=0.3), ("forward",))
    assert [layer.path for layer in report.culprits] == ["inner.1", "inner.1"]
    assert report.diagnosis.cause == "The slope is 0.3, torch's 0.1."


def test_a_name_that_is_not_there():
    with pytest.raises(TfvcError, match="no layer is called 'wrong'; it has"):
        compare(case({"inner.0": "wrong", "out": "out"}), ("forward",))
    with pytest.raises(TfvcError, match="has 0 weight entries"):
        compare(case({"inner.0": "inner.dense"}), ("forward",))


def test_a_trace_leaves_the_layers_as_they_were():
    before = keras.Operation.__call__
    layer = keras.layers.Dense(3, activation="relu")
    activation = layer.activation
    with traced(None) as calls:
        y = layer(np.ones((2, 4), np.float32))
    assert keras.Operation.__call__ is before
    assert layer.activation is activation
    (call,) = calls
    assert call.bare
    np.testing.assert_array_equal(np.maximum(call.outputs[0], 0), y)


def test_axes():
    conv, linear, own = torch.nn.Conv1d(3, 3, 1), torch.nn.Linear(3, 3), torch.nn.Identity()
    assert by_kind(conv, 3) == (0, 2, 1)
    assert by_kind(torch.nn.Conv2d(1, 1, 1), 4) == (0, 2, 3, 1)
    assert by_kind(torch.nn.LSTM(3, 3), 3) == (1, 0, 2)
    assert by_kind(linear, 3) == (0, 1, 2)
    assert by_kind(own, 3) is None
    x = RNG.standard_normal((2, 5, 5))
    # Square: the numbers say which axis is which, for a kind that is not known.
    assert of_input(own, x, x.transpose(0, 2, 1)) == (0, 2, 1)
    assert of_input(own, x, x + 1) is None
    assert of_input(conv, x, x + 1) == (0, 2, 1)
    assert of_output(own, (2, 3, 7), (2, 7, 3), None) == (0, 2, 1)
    assert of_output(conv, (2, 3, 7), (2, 8, 3), (0, 2, 1)) == (0, 2, 1)
    assert of_output(own, (2, 513, 33), (2, 29, 513), None) == (0, 2, 1)
    assert of_output(own, (2, 4), (2, 4, 1), None) is None
