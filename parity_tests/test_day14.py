"""The method of the Day14 article: set every weight to 1 and every bias to 0, call both layers, compare.

It uses the layers that come with Keras, as the article did, and shows what the article saw, why, and what its
method cannot see.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch.nn import functional

from parity_tests.mutations import bugs
from tfvc.cases import layers
from tfvc.parity import ParityCase, compare
from tfvc.parity.case import torch_call_channels_first
from tfvc.weights import Entry
from tfvc.weights.layouts import CONV, MATRIX, SAME

RNG = np.random.default_rng(14)
X = RNG.standard_normal((3, 12, 5)).astype(np.float32)  # [batch, time, channels]


# Float32's rounding is 1e-7 of sums as short as these, and the wrong epsilon makes 5e-4.
EQUAL = 1e-5


def difference(a, b) -> float:
    """Relative to what torch gives."""
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    assert a.shape == b.shape
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def filled(module: torch.nn.Module) -> torch.nn.Module:
    for key, parameter in module.named_parameters():
        torch.nn.init.constant_(parameter, 0.0 if "bias" in key else 1.0)
    return module


def channels_first(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(x).transpose(1, 2)


@torch.no_grad()
def test_linear_is_dense():
    ours = keras.layers.Dense(7, kernel_initializer="ones")(X)
    theirs = filled(torch.nn.Linear(5, 7))(torch.from_numpy(X))
    assert difference(ours, theirs) < EQUAL


@torch.no_grad()
def test_conv_norm_is_conv1d_with_same_padding_and_a_transpose():
    ours = keras.layers.Conv1D(7, 5, padding="same", kernel_initializer="ones")(X)
    theirs = filled(torch.nn.Conv1d(5, 7, 5, padding=2))(channels_first(X)).transpose(1, 2)
    assert difference(ours, theirs) < EQUAL


@torch.no_grad()
def test_bidirectional_lstm_summed():
    """The article adds the two directions up, which would also hide that they were exchanged."""
    layer = keras.layers.LSTM(
        4, return_sequences=True, kernel_initializer="ones", recurrent_initializer="ones", unit_forget_bias=False
    )
    ours = keras.layers.Bidirectional(layer, merge_mode="sum")(X)
    theirs, _ = filled(torch.nn.LSTM(5, 4, batch_first=True, bidirectional=True))(torch.from_numpy(X))
    assert difference(ours, theirs[..., :4] + theirs[..., 4:]) < EQUAL


class TestBatchNorm:
    """What cost the article's author "not a little time"."""

    torch_output = torch.nn.BatchNorm1d(5)(channels_first(X)).transpose(1, 2).detach()

    def test_called_directly_keras_does_not_look_at_the_batch(self):
        """A direct call is inference: the moving statistics, mean 0 and variance 1, leave the input as it is."""
        ours = keras.layers.BatchNormalization()(X)
        assert difference(ours, self.torch_output) > 0.1
        assert difference(ours, X / np.sqrt(1 + 1e-3)) < EQUAL

    @torch.no_grad()
    def test_in_inference_mode_the_constants_differ(self):
        """ "I also tried eval()": now both use moving statistics, but epsilon is 1e-3 in Keras, 1e-5 in torch."""
        theirs = torch.nn.BatchNorm1d(5).eval()(channels_first(X)).transpose(1, 2)
        default = difference(keras.layers.BatchNormalization()(X), theirs)
        with_epsilon = difference(keras.layers.BatchNormalization(epsilon=1e-5)(X), theirs)
        assert with_epsilon < EQUAL < 1e-4 < default

    def test_in_training_mode_only_epsilon_differs(self):
        default = keras.layers.BatchNormalization()(X, training=True)
        with_epsilon = keras.layers.BatchNormalization(epsilon=1e-5)(X, training=True)
        assert 1e-4 < difference(default, self.torch_output) < 1e-2
        assert difference(with_epsilon, self.torch_output) < EQUAL

    def test_the_running_variance_differs_whatever_the_constants(self):
        """Keras takes the biased variance, torch N / (N - 1) times it: the next inference differs."""
        theirs = torch.nn.BatchNorm1d(5)
        theirs(channels_first(X))
        stock = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        stock(X, training=True)
        assert difference(stock.moving_mean, theirs.running_mean) < EQUAL
        n = X.shape[0] * X.shape[1]
        batch_share = np.asarray(stock.moving_variance) - 0.9
        assert difference(0.9 + batch_share * n / (n - 1), theirs.running_var) < EQUAL
        assert difference(stock.moving_variance, theirs.running_var) > 1e-3

    def test_ours_needs_no_thought(self):
        compare(layers.batch_norm(3, 12, 5), init="constant", steps=3).raise_on_failure()


def test_losses_are_means_of_means():
    target = RNG.standard_normal(X.shape).astype(np.float32)
    pairs = [
        (keras.losses.mean_squared_error, functional.mse_loss),
        (keras.losses.mean_absolute_error, functional.l1_loss),
    ]
    for ours, theirs in pairs:
        expected = theirs(torch.from_numpy(X), torch.from_numpy(target))
        assert difference(tf.reduce_mean(ours(target, X)), expected) < EQUAL


def stock_dense() -> ParityCase:
    return ParityCase(
        "keras.layers.Dense",
        lambda: keras.layers.Dense(7),
        lambda: torch.nn.Linear(5, 7),
        lambda layer: [Entry("weight", layer.kernel, MATRIX), Entry("bias", layer.bias, SAME)],
        layers.normal_inputs(3, 12, 5),
        keras_forward=layers.without_training,
    )


def stock_conv() -> ParityCase:
    return ParityCase(
        "keras.layers.Conv1D",
        lambda: keras.layers.Conv1D(7, 5, padding="same"),
        lambda: torch.nn.Conv1d(5, 7, 5, padding=2),
        lambda layer: [Entry("weight", layer.kernel, CONV), Entry("bias", layer.bias, SAME)],
        layers.normal_inputs(3, 12, 5),
        keras_forward=layers.without_training,
        torch_forward=torch_call_channels_first,
    )


@pytest.mark.parametrize("case", [stock_dense(), stock_conv()], ids=lambda case: case.name)
@pytest.mark.parametrize("init", ["constant", "coded"])
def test_gradients_of_stock_layers(case, init):
    """Part 4 of the article, on layers that know nothing of this project; float64 twins included."""
    compare(case, ("forward", "backward"), init).raise_on_failure()


@pytest.mark.parametrize("bug", [bugs.swapped_gates, bugs.swapped_directions, bugs.flipped_kernel])
def test_what_constant_weights_cannot_see(bug):
    """With weights that are all alike their places do not matter; with coded weights they do."""
    blind = compare(bug(), ("forward",), "constant")
    assert blind.passed, blind.summary()
    seeing = compare(bug(), ("forward",), "coded")
    assert not seeing.passed
    assert seeing.first_failure.error64 > 1e-3
