"""A Python float keeps its digits in the float64 twin, and TensorFlow is what it was before and behind it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch.nn import functional

from tfvc.parity.private_parts import keras_conversions, math_operations
from tfvc.parity.sides.precision import precision
from tfvc.testing import assert_equal_in_float64

NUMBER = 0.7
X = np.random.default_rng(3).standard_normal((3, 7, 6)) * 3

WAYS = {
    "tf.cast": lambda: tf.cast(NUMBER, tf.float64),
    "tf.cast by keywords": lambda: tf.cast(x=NUMBER, dtype="float64", name="number"),
    "tf.dtypes.cast": lambda: tf.dtypes.cast(NUMBER, tf.float64),
    "inside TensorFlow": lambda: math_operations().cast(NUMBER, tf.float64),
    "in a list": lambda: tf.cast([[NUMBER], [1]], tf.float64)[0, 0],
    "of NumPy": lambda: tf.cast(np.float64(NUMBER), tf.float64),
    "of an imaginary part": lambda: tf.math.imag(tf.cast(NUMBER * 1j, tf.complex128)),
    "keras.ops.cast": lambda: keras.ops.cast(NUMBER, "float64"),
    "keras.ops.convert_to_tensor": lambda: keras.ops.convert_to_tensor(NUMBER),
    "keras.ops on a number": lambda: keras.ops.square(keras.ops.sqrt(NUMBER)),
    "a slope": lambda: -tf.nn.leaky_relu(tf.constant(-1.0, tf.float64), NUMBER),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("as_graph", [False, True])
def test_a_number_keeps_its_digits(way, as_graph):
    with precision("float64"):
        found = (tf.function(lambda: WAYS[way]()) if as_graph else WAYS[way])()
    assert found.dtype == tf.float64
    assert abs(float(found) - NUMBER) < 2e-16


def test_what_is_no_float_is_cast_as_ever():
    given = [True, 3, [1, 2], np.arange(3), np.float32(NUMBER), tf.constant(NUMBER), tf.constant([1, 2]), []]
    given += [tf.Variable(NUMBER), [tf.constant(1.5), 2.0], 2**53 + 1, "1"]
    for x in given:
        for dtype in (tf.float64, tf.float32, tf.int32):
            plain, exact = _outcome(x, dtype), None
            with precision("float64"):
                exact = _outcome(x, dtype)
            np.testing.assert_array_equal(exact, plain)


def _outcome(x, dtype):
    try:
        return tf.cast(x, dtype).numpy()
    except (TypeError, ValueError, tf.errors.OpError) as error:
        return type(error).__name__


def held():
    modules = [tf, tf.dtypes, tf.nn, math_operations(), *keras_conversions()]
    names = ("cast", "convert_to_tensor", "leaky_relu")
    return [vars(module)[name] for module in modules for name in names if name in vars(module)]


def is_exact():
    return float(tf.cast(NUMBER, tf.float64)) == NUMBER


def test_all_is_as_before_behind_it():
    before = held()
    seen = []

    def fail():
        with precision("float64"):
            seen.extend(held())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert any(a is not b for a, b in zip(seen, before, strict=True))
    assert all(a is b for a, b in zip(held(), before, strict=True))
    assert not is_exact()


def test_one_within_the_other():
    before = held()
    with precision("float64"):
        with precision("float32"):
            assert all(a is b for a, b in zip(held(), before, strict=True))
            with precision("float64"):
                assert is_exact()
            assert not is_exact()
        assert is_exact()
    assert all(a is b for a, b in zip(held(), before, strict=True))


# Whose derivative torch computes with a constant of float32, in float64 too: 0.16666667163372 for 1 / 6.
FLOAT32_IN_TORCH = ("hard_sigmoid", "celu")
ACTIVATIONS = {
    "gelu": (lambda x: keras.activations.gelu(x), functional.gelu),
    "gelu tanh": (
        lambda x: keras.activations.gelu(x, approximate=True),
        lambda x: functional.gelu(x, approximate="tanh"),
    ),
    "hard_sigmoid": (keras.activations.hard_sigmoid, functional.hardsigmoid),
    "hard_silu": (keras.activations.hard_silu, functional.hardswish),
    "leaky_relu": (lambda x: keras.activations.leaky_relu(x, 0.1), lambda x: functional.leaky_relu(x, 0.1)),
    "relu with a slope": (lambda x: keras.activations.relu(x, 0.3), lambda x: functional.leaky_relu(x, 0.3)),
    "elu": (lambda x: keras.activations.elu(x, 0.7), lambda x: functional.elu(x, 0.7)),
    "celu": (lambda x: keras.activations.celu(x, 0.7), lambda x: functional.celu(x, 0.7)),
    "selu": (keras.activations.selu, functional.selu),
    "mish": (keras.activations.mish, functional.mish),
    "softplus": (keras.activations.softplus, functional.softplus),
    "hard_shrink": (lambda x: keras.activations.hard_shrink(x, 0.3), lambda x: functional.hardshrink(x, 0.3)),
    "soft_shrink": (lambda x: keras.activations.soft_shrink(x, 0.3), lambda x: functional.softshrink(x, 0.3)),
    "threshold": (lambda x: keras.activations.threshold(x, 0.1, 0.7), lambda x: functional.threshold(x, 0.1, 0.7)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("as_graph", [False, True])
def test_activations_and_their_gradients_are_torchs(name, as_graph):
    ours, theirs = ACTIVATIONS[name]

    def with_gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = ours(x)
        return y, tape.gradient(y, x)

    with precision("float64"):
        found = (tf.function(with_gradient) if as_graph else with_gradient)(tf.constant(X))
    x = torch.tensor(X, requires_grad=True)
    y = theirs(x)
    y.sum().backward()
    if name in FLOAT32_IN_TORCH:
        assert 1e-9 < np.abs(found[1].numpy() - x.grad.numpy()).max() < 1e-7
        found = found[:1]
    for one, other in zip(found, (y.detach(), x.grad), strict=False):
        assert_equal_in_float64(one, other.numpy())


def test_attention_with_heads_of_8():
    with precision("float64"):
        layer = keras.layers.MultiHeadAttention(3, 8)
        ours, weights = layer(X, X, return_attention_scores=True)
        q, k = layer.query_dense(X), layer.key_dense(X)
    scores = torch.einsum("bthd,bshd->bhts", torch.tensor(q.numpy()), torch.tensor(k.numpy())) / 8**0.5
    assert_equal_in_float64(weights, scores.softmax(-1))
    assert ours.dtype == tf.float64


@pytest.mark.parametrize("kind", ["SGD", "Adamax", "Adadelta"])
def test_stock_optimizers_in_float64(kind):
    """Torch's figures with Keras's rule; Adamax adds epsilon at another place, so there is none."""
    settings = {
        "SGD": ({"momentum": 0.9}, {"momentum": 0.9}),
        "Adamax": ({"epsilon": 0.0}, {"eps": 0.0}),
        "Adadelta": ({"epsilon": 1e-6}, {"rho": 0.95}),
    }[kind]
    gradients = [X, X[::-1] ** 2 - 1, X + 0.25]
    with precision("float64"):
        variable = keras.Variable(X + 1)
        optimizer = getattr(keras.optimizers, kind)(0.1, **settings[0])
        for gradient in gradients:
            optimizer.apply([tf.constant(gradient)], [variable])
    parameter = torch.nn.Parameter(torch.tensor(X + 1))
    theirs = getattr(torch.optim, kind)([parameter], lr=0.1, **settings[1])
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient.copy())
        theirs.step()
    assert_equal_in_float64(variable.value, parameter.detach().numpy())
