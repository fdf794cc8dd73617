import keras
import numpy as np
import pytest
import torch

from tfvc.weights import WeightError
from tfvc.weights.stock_layouts import JointEntry, stock_entries


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
def test_a_layer_with_torchs_weights_gives_what_torch_gives(name):
    make, make_torch, shape, order = CASES[name]
    rng = np.random.default_rng(3)
    layer, module, x = make(), make_torch().eval(), rng.standard_normal(shape).astype(np.float32)
    layer.build(shape)
    state = {}
    for key, value in module.state_dict().items():
        drawn = rng.uniform(0.5, 1.5, tuple(value.shape)).astype(np.float32) * (-1 if "bias" in key else 1)
        state[key] = drawn if value.is_floating_point() else value.numpy()
    module.load_state_dict({key: torch.from_numpy(np.asarray(value)) for key, value in state.items()})
    entries = stock_entries("", layer)
    for entry in entries:
        value = entry.join([state[p] for p in entry.parts]) if isinstance(entry, JointEntry) else state[entry.key]
        entry.variable.assign(entry.to_keras(value))
        np.testing.assert_array_equal(entry.to_torch(np.array(entry.variable.value)), value)
    assert {v.path for v in layer.weights} == {entry.variable.path for entry in entries}
    expected = module(first(x) if order == "first" else torch.from_numpy(x))
    expected = expected[0] if isinstance(expected, tuple) else expected
    expected = last(expected) if order == "first" else expected.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_an_embedding():
    layer, module = LAYERS.Embedding(7, 3), NN.Embedding(7, 3)
    layer.build((2, 5))
    (entry,) = stock_entries("tokens", layer)
    assert entry.key == "tokens.weight"
    entry.variable.assign(entry.to_keras(module.weight.detach().numpy()))
    tokens = np.random.default_rng(3).integers(0, 7, (2, 5))
    np.testing.assert_array_equal(layer(tokens), module(torch.from_numpy(tokens)).detach())


def test_a_layer_without_weights_and_an_unknown_one():
    assert stock_entries("act", LAYERS.ReLU()) == []
    unknown = LAYERS.MultiHeadAttention(2, 4)
    unknown.build((2, 3, 8), (2, 3, 8))
    with pytest.raises(WeightError, match="no table says how a MultiHeadAttention crosses"):
        stock_entries("attention", unknown)
