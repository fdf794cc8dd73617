"""What only one side has, and what is one on one side and several on the other: neither model is changed for it."""

import keras
import numpy as np
import pytest
import torch

from tfvc.common.errors import TfvcError
from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.weights import Concatenation, Constant, Entry, Ignored, entries_of

TIME, SIZE = 5, 4


def case(keras_model, torch_module, table, channels_first=False, **settings) -> ParityCase:
    def torch_forward(module, x):
        y = module(x["x"].transpose(1, 2) if channels_first else x["x"])
        return {"output": y.transpose(1, 2) if channels_first else y}

    return ParityCase(
        "one-sided",
        keras_model,
        torch_module,
        table,
        lambda rng: {"x": rng.standard_normal((3, TIME, SIZE))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
        torch_forward=torch_forward,
        **settings,
    )


class Packed(torch.nn.Module):
    """Query, key and value in one matrix that is multiplied from the right, and a causal mask in a float buffer."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(SIZE, 3 * SIZE))
        self.bias = torch.nn.Parameter(torch.zeros(3 * SIZE))
        self.register_buffer("seen", torch.ones(TIME, TIME).tril())

    def forward(self, x):
        q, k, v = (x @ self.weight + self.bias).chunk(3, -1)
        scores = (q @ k.transpose(1, 2)).masked_fill(self.seen == 0, -torch.inf)
        return scores.softmax(-1) @ v


class Apart(keras.Model):
    """The same in three layers; the mask is a constant."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (keras.layers.Dense(SIZE) for _ in range(3))

    def call(self, x):
        scores = keras.ops.matmul(self.query(x), keras.ops.transpose(self.key(x), (0, 2, 1)))
        scores = keras.ops.where(np.tril(np.ones((TIME, TIME), bool)), scores, -np.inf)
        return keras.ops.matmul(keras.ops.softmax(scores), self.value(x))


def test_one_tensor_is_several_variables_and_a_buffer_stays_as_torch_made_it():
    def entries(model):
        layers = model.query, model.key, model.value
        columns = Concatenation(axis=1)
        yield Entry("weight", [layer.kernel for layer in layers], variables_as=columns)
        yield Entry("bias", [layer.bias for layer in layers], variables_as=Concatenation())
        yield Ignored("seen")

    report = compare(case(Apart, Packed, lambda model: list(entries(model))), steps=2, layers=True)
    report.raise_on_failure()
    assert report.ignored == ["seen"]


@pytest.mark.parametrize("value", [None, 0.0])
def test_a_bias_that_torch_has_not_is_held(value):
    """Where the value is not zero as it is made, the case says it."""
    start = "zeros" if value is None else "ones"

    def model():
        return keras.Sequential(
            [keras.Input((TIME, SIZE)), keras.layers.Conv1D(6, 3, bias_initializer=start, name="conv")]
        )

    def entries(model):
        kernel, _ = entries_of("", model.layers[0])
        return [kernel, Constant(model.layers[0].bias, value)]

    table = LayerTable(entries=entries)
    report = compare(case(model, lambda: torch.nn.Conv1d(SIZE, 6, 3, bias=False), table, channels_first=True), steps=2)
    report.raise_on_failure()
    assert report.held == ["sequential/conv/bias"]
    assert "held constant and not trained: sequential/conv/bias" in report.text(width=200)


class Separable(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.depthwise = torch.nn.Conv1d(SIZE, 2 * SIZE, 3, groups=SIZE, bias=False)
        self.pointwise = torch.nn.Conv1d(2 * SIZE, 6, 1)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def separable(paths) -> ParityCase:
    def model():
        separable = keras.layers.SeparableConv1D(6, 3, depth_multiplier=2, name="separable")
        return keras.Sequential([keras.Input((TIME, SIZE)), separable, keras.layers.Dense(2, name="end")])

    def module():
        return torch.nn.Sequential(Separable(), torch.nn.Flatten(2), Swapped())

    return case(model, module, LayerTable({paths: "separable", "2.linear": "end"}), channels_first=True)


class Swapped(torch.nn.Module):
    """A Linear over channels that come first."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(6, 2)

    def forward(self, x):
        return self.linear(x.transpose(1, 2)).transpose(1, 2)


def test_a_layer_that_is_several_modules():
    report = compare(separable(("0.depthwise", "0.pointwise")), steps=2, layers=True)
    report.raise_on_failure()
    block = next(layer for layer in report.layers if layer.path == "0")
    assert block.keras_class == "SeparableConv1D"
    assert {row.key for row in block.local_backward} == {
        *("input", "depthwise.weight", "pointwise.weight", "pointwise.bias"),
    }


def test_a_layer_that_is_one_module_is_not_several():
    table = LayerTable({("0.depthwise", "0.pointwise"): "end"})
    with pytest.raises(TfvcError, match="end is not the 2 torch modules"):
        table(separable("0").keras_model())


def test_a_depthwise_convolution_is_compared_before_its_activation():
    def model(activation):
        conv = keras.layers.DepthwiseConv1D(3, activation=activation, name="conv")
        return keras.Sequential([keras.Input((TIME, SIZE)), conv])

    def module():
        return torch.nn.Sequential(torch.nn.Conv1d(SIZE, SIZE, 3, groups=SIZE), torch.nn.ReLU6())

    table = LayerTable({"0": "conv"})
    report = compare(case(lambda: model("relu6"), module, table, channels_first=True), ("forward",), layers=True)
    report.raise_on_failure()
    wrong = compare(case(lambda: model("tanh"), module, table, channels_first=True), ("forward",))
    assert not wrong.culprits
    assert not wrong.passed


@pytest.mark.parametrize(("epsilon", "passes"), [(float(np.finfo(np.float32).eps), True), (1e-6, False)])
def test_a_norm_without_an_epsilon_has_that_of_float32(epsilon, passes):
    def model():
        norm = keras.layers.RMSNormalization(epsilon=epsilon, name="norm")
        return keras.Sequential([keras.Input((TIME, SIZE)), norm])

    found = compare(case(model, lambda: torch.nn.Sequential(torch.nn.RMSNorm(SIZE)), LayerTable({"0": "norm"})))
    assert found.passed == passes
    assert passes or found.diagnosis.cause == "The layer adds epsilon 1e-06 to the variance, torch 1.19209e-07."


@pytest.mark.parametrize("accepted", [(), ("trained padding row",)])
def test_the_row_of_the_padding(accepted):
    words = ParityCase(
        "words",
        lambda: keras.Sequential([keras.Input((TIME,), dtype="int32"), keras.layers.Embedding(7, 3, name="words")]),
        lambda: torch.nn.Sequential(torch.nn.Embedding(7, 3, padding_idx=2)),
        LayerTable({"0": "words"}),
        lambda rng: {"x": rng.integers(0, 7, (6, TIME))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
        accepted=accepted,
    )
    report = compare(words, ("forward", "backward"))
    assert report.passed == bool(accepted)
    assert accepted or report.diagnosis.cause.startswith("Row 2 gets a gradient; torch's padding_idx=2 gives it none")
