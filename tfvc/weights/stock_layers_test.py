import keras
import numpy as np
import pytest
import torch

from tfvc.weights import Entry, WeightError, entries_of, layer_kinds, register


@pytest.fixture
def rng() -> np.random.Generator:
    """Each test draws from one of its own: what it draws does not depend on the tests before it."""
    return np.random.default_rng(3)


def image(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def first(x: np.ndarray) -> torch.Tensor:
    """Channels first."""
    return torch.from_numpy(np.moveaxis(x, -1, 1).copy())


def last(y: torch.Tensor) -> np.ndarray:
    return np.moveaxis(y.numpy(), 1, -1)


LAYERS = keras.layers
NN = torch.nn
CASES = {
    "dense": (lambda: LAYERS.Dense(5), lambda: NN.Linear(4, 5), (2, 6, 4), "same"),
    "conv1d": (lambda: LAYERS.Conv1D(5, 3), lambda: NN.Conv1d(4, 5, 3), (2, 9, 4), "first"),
    "conv2d": (lambda: LAYERS.Conv2D(5, (3, 2)), lambda: NN.Conv2d(4, 5, (3, 2)), (2, 7, 6, 4), "first"),
    "conv3d": (lambda: LAYERS.Conv3D(5, (3, 2, 1)), lambda: NN.Conv3d(4, 5, (3, 2, 1)), (2, 5, 4, 3, 4), "first"),
    "grouped": (lambda: LAYERS.Conv1D(6, 3, groups=2), lambda: NN.Conv1d(4, 6, 3, groups=2), (2, 9, 4), "first"),
    "conv1d_transpose": (
        lambda: LAYERS.Conv1DTranspose(5, 4, strides=2),
        lambda: NN.ConvTranspose1d(4, 5, 4, stride=2),
        (2, 6, 4),
        "first",
    ),
    "conv2d_transpose": (
        lambda: LAYERS.Conv2DTranspose(5, (4, 3), strides=2),
        lambda: NN.ConvTranspose2d(4, 5, (4, 3), stride=2),
        (2, 5, 4, 4),
        "first",
    ),
    "depthwise1d": (
        lambda: LAYERS.DepthwiseConv1D(3, depth_multiplier=2),
        lambda: NN.Conv1d(4, 8, 3, groups=4),
        (2, 9, 4),
        "first",
    ),
    "depthwise2d": (
        lambda: LAYERS.DepthwiseConv2D((3, 2), depth_multiplier=2),
        lambda: NN.Conv2d(4, 8, (3, 2), groups=4),
        (2, 7, 6, 4),
        "first",
    ),
    "separable1d": (
        lambda: LAYERS.SeparableConv1D(5, 3, depth_multiplier=2),
        lambda: NN.Sequential(NN.Conv1d(4, 8, 3, groups=4, bias=False), NN.Conv1d(8, 5, 1)),
        (2, 9, 4),
        "first",
    ),
    "separable2d": (
        lambda: LAYERS.SeparableConv2D(5, (3, 2)),
        lambda: NN.Sequential(NN.Conv2d(4, 4, (3, 2), groups=4, bias=False), NN.Conv2d(4, 5, 1)),
        (2, 7, 6, 4),
        "first",
    ),
    "prelu": (lambda: LAYERS.PReLU(shared_axes=[1, 2]), lambda: NN.PReLU(4), (2, 5, 3, 4), "first"),
    "prelu_of_one_slope": (lambda: LAYERS.PReLU(shared_axes=[1, 2]), NN.PReLU, (2, 5, 1), "first"),
    "rms_norm": (lambda: LAYERS.RMSNormalization(epsilon=1e-6), lambda: NN.RMSNorm(4, eps=1e-6), (2, 5, 4), "same"),
    "batch_norm": (lambda: LAYERS.BatchNormalization(epsilon=1e-5), lambda: NN.BatchNorm2d(4), (2, 5, 3, 4), "first"),
    "layer_norm": (lambda: LAYERS.LayerNormalization(epsilon=1e-5), lambda: NN.LayerNorm(4), (2, 5, 4), "same"),
    "group_norm": (
        lambda: LAYERS.GroupNormalization(2, epsilon=1e-5),
        lambda: NN.GroupNorm(2, 4),
        (2, 5, 3, 4),
        "first",
    ),
    "lstm": (
        lambda: LAYERS.LSTM(3, return_sequences=True),
        lambda: NN.LSTM(4, 3, batch_first=True),
        (2, 6, 4),
        "same",
    ),
    "gru": (lambda: LAYERS.GRU(3, return_sequences=True), lambda: NN.GRU(4, 3, batch_first=True), (2, 6, 4), "same"),
    "rnn": (
        lambda: LAYERS.SimpleRNN(3, return_sequences=True),
        lambda: NN.RNN(4, 3, batch_first=True),
        (2, 6, 4),
        "same",
    ),
    "bidirectional": (
        lambda: LAYERS.Bidirectional(LAYERS.GRU(3, return_sequences=True)),
        lambda: NN.GRU(4, 3, batch_first=True, bidirectional=True),
        (2, 6, 4),
        "same",
    ),
}


@pytest.mark.parametrize("name", CASES)
@torch.no_grad()
def test_a_layer_with_torchs_weights_gives_what_torch_gives(name, rng):
    make, make_torch, shape, order = CASES[name]
    layer, module, x = make(), make_torch().eval(), image(rng, *shape)
    layer.build(shape)
    state = {}
    for key, value in module.state_dict().items():
        drawn = rng.uniform(0.5, 1.5, tuple(value.shape)).astype(np.float32) * (-1 if "bias" in key else 1)
        state[key] = drawn if value.is_floating_point() else value.numpy()
    module.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in state.items()})
    entries = [entry for entry in entries_of("", layer) if isinstance(entry, Entry)]
    for entry in entries:
        whole = entry.join([state[key] for key in entry.keys])
        entry.assign(whole)
        np.testing.assert_array_equal(entry.value(), whole)
    assert {v.path for v in layer.weights} == {v.path for entry in entries for v in entry.variables}
    expected = module(first(x) if order == "first" else torch.from_numpy(x))
    expected = expected[0] if isinstance(expected, tuple) else expected
    expected = last(expected) if order == "first" else expected.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_an_embedding(rng):
    layer, module = LAYERS.Embedding(7, 3), NN.Embedding(7, 3)
    layer.build((2, 5))
    (entry,) = entries_of("tokens", layer)
    assert entry.keys == ("tokens.weight",)
    entry.assign(module.weight.detach().numpy())
    tokens = rng.integers(0, 7, (2, 5))
    np.testing.assert_array_equal(layer(tokens), module(torch.from_numpy(tokens)).detach())


@pytest.mark.parametrize(
    ("make", "make_torch"),
    [
        (lambda: LAYERS.LSTMCell(3), lambda: NN.LSTMCell(4, 3)),
        (lambda: LAYERS.GRUCell(3), lambda: NN.GRUCell(4, 3)),
        (lambda: LAYERS.SimpleRNNCell(3), lambda: NN.RNNCell(4, 3)),
    ],
    ids=["lstm", "gru", "rnn"],
)
@torch.no_grad()
def test_a_cell(make, make_torch, rng):
    cell, module = make(), make_torch()
    cell.build((2, 4))
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    entries = entries_of("", cell)
    assert [key for entry in entries for key in entry.keys] == list(state)
    for entry in entries:
        entry.assign(entry.join([state[key] for key in entry.keys]))
    x, h, c = image(rng, 2, 4), image(rng, 2, 3), image(rng, 2, 3)
    states = (h, c) if isinstance(module, NN.LSTMCell) else (h,)
    given = tuple(map(torch.from_numpy, states))
    expected = module(torch.from_numpy(x), given if len(given) > 1 else given[0])
    expected = expected[0] if isinstance(expected, tuple) else expected
    np.testing.assert_allclose(cell(x, list(states))[0], expected, rtol=1e-5, atol=1e-6)


def test_slopes_that_torch_has_not():
    layer = LAYERS.PReLU()
    layer.build((2, 5, 4))
    with pytest.raises(WeightError, match=r"shape \(5, 4\) have no torch form.*shared_axes"):
        entries_of("act", layer)


class Scaled(LAYERS.Dense):
    """Of a known kind: it crosses as that does."""


class Gain(keras.layers.Layer):
    """Of no known kind."""

    def build(self, input_shape):
        self.gain = self.add_weight(name="gain", shape=(input_shape[-1],))


def test_a_layer_without_weights_a_derived_and_an_unknown_one():
    assert entries_of("act", LAYERS.ReLU()) == []
    derived, unknown = Scaled(3), Gain()
    for layer in (derived, unknown):
        layer.build((2, 4))
    assert [entry.name for entry in entries_of("a.b", derived)] == ["a.b.weight", "a.b.bias"]
    with pytest.raises(WeightError, match="no table says how a Gain crosses"):
        entries_of("gain", unknown)


def test_a_kind_that_is_registered_later(monkeypatch):
    monkeypatch.setattr(layer_kinds._KINDS, "_values", dict(layer_kinds._KINDS._values))
    layer = Gain()
    layer.build((2, 4))
    assert not layer_kinds.is_known(layer)
    register(Gain, lambda layer: [Entry("g", layer.gain)])
    assert layer_kinds.is_known(layer)
    assert [entry.name for entry in entries_of("gain", layer)] == ["gain.g"]
