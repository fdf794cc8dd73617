"""What was written for speed gives what the plain way gives, in every way in which TensorFlow can run it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvc.layers import LSTM, GroupedConv1D
from tfvc.layers.lstm_cudnn import cudnn_lstm, cudnn_takes, flat_parameters
from tfvc.testing import assert_equal_in_float64


def plain_lstm(layer: LSTM, x: tf.Tensor) -> tf.Tensor:
    """Step by step, with the gradient that TensorFlow derives."""
    width = 2 if layer.bidirectional else 1
    for i in range(0, len(layer.directions), width):
        x = tf.concat([_plain_direction(direction, x) for direction in layer.directions[i : i + width]], 2)
    return x


def _plain_direction(direction, x):
    h = c = tf.zeros([tf.shape(x)[0], direction.units], x.dtype)
    hidden = []
    for t in reversed(range(x.shape[1])) if direction.reverse else range(x.shape[1]):
        z = x[:, t] @ tf.cast(direction.kernel, x.dtype) + h @ tf.cast(direction.recurrent_kernel, x.dtype)
        for bias in [direction.bias, direction.recurrent_bias] if direction.use_recurrent_bias else [direction.bias]:
            z += tf.cast(bias, x.dtype)
        i, f, g, o = tf.split(z, 4, 1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        hidden.append(h)
    return tf.stack(hidden[::-1] if direction.reverse else hidden, 1)


def plain_grouped(layer: GroupedConv1D, x: tf.Tensor) -> tf.Tensor:
    """Group by group, with the gradient that TensorFlow derives."""
    x = tf.pad(x, [[0, 0], [layer.padding, layer.padding], [0, 0]])
    kernels = tf.split(tf.cast(layer.kernel, x.dtype), layer.groups, 2)
    parts = [
        tf.nn.conv1d(part, kernel, layer.strides, "VALID")
        for part, kernel in zip(tf.split(x, layer.groups, 2), kernels, strict=True)
    ]
    return tf.concat(parts, 2) + tf.cast(layer.bias, x.dtype)


def drawn_lstm(rng, dtype):
    """Of a drawn size, with how to do it plainly and an input."""
    layer = LSTM(
        int(rng.integers(1, 40)),
        int(rng.integers(1, 3)),
        bool(rng.integers(2)),
        recurrent_bias=bool(rng.integers(2)),
        dtype=dtype,
    )
    return layer, plain_lstm, rng.standard_normal([rng.integers(1, 5), rng.integers(1, 37), rng.integers(1, 20)])


def drawn_grouped(rng, dtype):
    """Of a drawn size, with how to do it plainly and an input."""
    groups, stride = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    filters, taps, padding = int(groups * rng.integers(1, 20)), int(rng.integers(1, 14)), int(rng.integers(0, 7))
    layer = GroupedConv1D(filters, taps, groups, stride, padding, dtype=dtype)
    return layer, plain_grouped, rng.standard_normal([rng.integers(1, 4), rng.integers(14, 60), 3 * groups])


def with_gradients(function, layer, x):
    """The output, and the gradients of the input and of all weights, for a cotangent whose values all differ."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(function(x), x.dtype)
        weights = tf.cos(tf.range(tf.cast(tf.size(y), tf.float64), dtype=tf.float64))
        weighted = tf.reduce_sum(y * tf.reshape(tf.cast(weights, y.dtype), tf.shape(y)))
    return [y, *tape.gradient(weighted, [x, *layer.trainable_variables])]


def eagerly(f, x):
    return f(x)


def in_a_graph(f, x):
    return tf.function(f)(x)


def of_unknown_size(f, x):
    return tf.function(f, input_signature=[tf.TensorSpec([None, None, x.shape[2]], x.dtype)])(x)


def compiled(f, x):
    return tf.function(f, jit_compile=True)(x)


def distributed(f, x):
    return tf.distribute.MirroredStrategy(["CPU:0"]).run(tf.function(f), (x,))


def with_functions_run_eagerly(f, x):
    tf.config.run_functions_eagerly(True)
    try:
        return tf.function(f)(x)
    finally:
        tf.config.run_functions_eagerly(False)


WAYS = [eagerly, in_a_graph, of_unknown_size, compiled, distributed, with_functions_run_eagerly]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("drawn", [drawn_lstm, drawn_grouped])
@pytest.mark.parametrize("seed", range(2))
def test_values_and_gradients_are_those_of_the_plain_way(drawn, way, seed):
    layer, plain, x = drawn(np.random.default_rng([seed, WAYS.index(way)]), "float64")
    layer.build(x.shape)
    x = tf.constant(x)
    expected = with_gradients(lambda x: plain(layer, x), layer, x)
    for found, wanted in zip(way(lambda x: with_gradients(layer, layer, x), x), expected, strict=True):
        assert_equal_in_float64(found, wanted)


@pytest.mark.parametrize("drawn", [drawn_lstm, drawn_grouped])
def test_and_in_a_saved_model(drawn, tmp_path):
    layer, plain, x = drawn(np.random.default_rng(7), "float64")
    layer.build(x.shape)
    module = tf.Module()
    module.layer = layer
    module.both = tf.function(
        lambda x: with_gradients(layer, layer, x), input_signature=[tf.TensorSpec([None, None, x.shape[2]], tf.float64)]
    )
    tf.saved_model.save(module, tmp_path)
    loaded = tf.saved_model.load(tmp_path)
    found = loaded.both(x)
    expected = with_gradients(lambda x: plain(layer, x), layer, tf.constant(x))
    for a, b in zip(found, expected, strict=True):
        assert_equal_in_float64(a, b)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("drawn", [drawn_lstm, drawn_grouped])
def test_mixed_precision_is_no_worse_than_the_plain_way_in_it(drawn, policy):
    layer, plain, x = drawn(np.random.default_rng(3), policy)
    layer.build(x.shape)
    half = tf.cast(x, layer.compute_dtype)
    reference = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    reference.build(x.shape)
    reference.set_weights(layer.get_weights())
    exact = with_gradients(lambda x: plain(reference, x), reference, tf.cast(half, tf.float64))
    plainly = with_gradients(lambda x: plain(layer, x), layer, half)
    for fast, slow, true in zip(with_gradients(layer, layer, half), plainly, exact, strict=True):
        fast, slow = (np.linalg.norm(tf.cast(found, tf.float64) - true) for found in (fast, slow))
        assert fast <= 4 * slow + 1e-6 * np.linalg.norm(true)


def test_a_second_derivative_is_not_silently_wrong():
    layer = LSTM(3)
    layer.build([None, None, 2])
    x = tf.constant(np.random.default_rng(0).standard_normal([1, 4, 2]), tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x)
        slope = inner.gradient(y, x)
    assert np.isnan(outer.gradient(slope, x)).all()


def test_the_same_bits_every_time():
    layer = LSTM(96, 2, bidirectional=True)
    layer.build([None, None, 70])
    x = tf.constant(np.random.default_rng(0).standard_normal([3, 50, 70]), tf.float32)
    run = tf.function(lambda x: with_gradients(layer, layer, x))
    first = run(x)
    for _ in range(5):
        assert all(np.array_equal(a, b) for a, b in zip(run(x), first, strict=True))


@pytest.mark.parametrize("both_biases", [True, False])
def test_cudnn_gets_the_parameters_as_torch_hands_them_over(both_biases):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.LSTM(5, 3)
    kernel, recurrent, *biases = (parameter.detach().numpy() for parameter in theirs.parameters())
    biases = biases if both_biases else [biases[0], np.zeros_like(biases[0])]
    expected = np.concatenate([kernel.ravel(), recurrent.ravel(), *biases])
    given = flat_parameters(kernel.T, recurrent.T, [tf.constant(b) for b in biases[: 1 + both_biases]])
    np.testing.assert_array_equal(given, expected)


def test_cudnn_is_built_into_a_graph_with_its_gradient():
    """It runs on a GPU only; what can be seen here is that the graph and its shapes are right."""
    kernel, recurrent, bias = tf.zeros([5, 12]), tf.zeros([3, 12]), tf.zeros([12])

    @tf.function(input_signature=[tf.TensorSpec([None, None, 5])])
    def graph(x):
        with tf.GradientTape() as tape:
            tape.watch([x, kernel, recurrent, bias])
            y = cudnn_lstm(x, kernel, recurrent, [bias])
        return y, tape.gradient(y, [x, kernel, recurrent, bias])

    y, gradients = graph.get_concrete_function().structured_outputs
    assert y.shape.as_list() == [None, None, 3]
    assert [g.shape.as_list()[-1] for g in gradients] == [5, 12, 12, 12]
    assert not cudnn_takes(tf.zeros([1, 1, 1])) or tf.config.list_physical_devices("GPU")


def test_a_model_that_runs_eagerly_trains():
    model = keras.Sequential([LSTM(8, bidirectional=True), GroupedConv1D(6, 3, 2, padding=1)])
    x, y = np.random.default_rng(0).standard_normal([2, 4, 11, 5]), np.zeros([2, 4, 11, 6])
    model.compile("sgd", "mse", run_eagerly=True)
    model.build([None, None, 5])
    first = model.train_on_batch(x[0], y[0])
    assert model.train_on_batch(x[0], y[0]) < first
