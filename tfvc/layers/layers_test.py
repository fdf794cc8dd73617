"""What the layers promise beside their numbers, which `parity_tests` compares with torch's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvc.layers import (
    LSTM,
    BatchNorm,
    ColumnConv2D,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Dense,
    FanInUniform,
    GroupedConv1D,
    SpectralNorm,
    WeightNorm,
    XavierUniform,
)
from tfvc.testing import assert_equal_in_float64, assert_equal_within_noise

LAYERS = [
    Dense(7),
    Dense(3, use_bias=False, kernel_initializer=XavierUniform("relu")),
    Conv1D(6, 5, strides=2, padding=3),
    Conv1D(6, 4, strides=3, padding=2, dilation_rate=2),
    Conv1D(5, 3, padding=9, padding_mode="reflect", dilation_rate=9, use_bias=False),
    Conv1DTranspose(4, 16, strides=8, padding=4),
    Conv1DTranspose(4, 3, strides=3, padding=0, output_padding=2, dilation_rate=2),
    Conv1D(6, 4, strides=3, padding="same"),
    GroupedConv1D(6, 5, 3, strides=2, padding=3),
    GroupedConv1D(3, 4, 3, strides=3, padding="same", dilation_rate=2, use_bias=False),
    WeightNorm(Conv1D(6, 3, padding=2, padding_mode="reflect", dilation_rate=2)),
    WeightNorm(Conv1DTranspose(4, 4, strides=2, padding=1)),
    WeightNorm(GroupedConv1D(6, 4, 3, strides=2, padding=1)),
    ColumnConv2D(6, 5, strides=3, padding=2),
    WeightNorm(ColumnConv2D(4, 3, padding=1, use_bias=False)),
    Conv2D(6, 3, strides=2, padding=1),
    WeightNorm(Conv2D(4, 2, padding=1, use_bias=False)),
    SpectralNorm(Conv1D(6, 5, strides=2, padding=2)),
    SpectralNorm(GroupedConv1D(6, 4, 3, strides=2, padding=1, use_bias=False)),
    SpectralNorm(ColumnConv2D(4, 3, padding=1)),
    BatchNorm(momentum=0.3, epsilon=1e-3),
    LSTM(5),
    LSTM(4, num_layers=2, bidirectional=True, recurrent_bias=False),
]
IDS = [f"{type(layer).__name__}{i}" for i, layer in enumerate(LAYERS)]


def like(layer, dtype):
    """The same layer with the same weights in another precision."""
    config = layer.get_config() | {"dtype": dtype}
    if "layer" in config:
        config["layer"]["config"]["dtype"] = dtype
    other = type(layer).from_config(config)
    other.build(shape_for(layer, None, None))
    other.set_weights(layer.get_weights())
    return other


def draw(*shape):
    return tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)


def shape_for(layer, batch, frames):
    """Of an input of nine channels, with three columns where the layer has columns."""
    columns = isinstance(getattr(layer, "layer", layer), ColumnConv2D | Conv2D)
    return (batch, 3, frames, 9) if columns else (batch, frames, 9)


@pytest.mark.parametrize("layer", LAYERS, ids=IDS)
@pytest.mark.parametrize("frames", [12, 13])
def test_the_predicted_shape_is_the_shape(layer, frames):
    x = draw(*shape_for(layer, 2, frames))
    assert layer.compute_output_shape(x.shape) == tuple(layer(x).shape)
    assert layer.compute_output_shape(shape_for(layer, None, None))[-2] is None


@pytest.mark.parametrize("layer", LAYERS, ids=IDS)
def test_a_layer_comes_back_from_its_config_and_its_weights(layer):
    x = draw(*shape_for(layer, 2, 12))
    expected = layer(x)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), expected)


@pytest.mark.parametrize("layer", LAYERS, ids=IDS)
def test_a_graph_of_unknown_batch_and_time_gives_the_same(layer):
    layer(draw(*shape_for(layer, 1, 11)))
    both = [layer, like(layer, "float64")]
    single, double = (
        tf.function(lambda x, one=one: one(x), input_signature=[tf.TensorSpec(shape_for(layer, None, None), one.dtype)])
        for one in both
    )
    for shape in (shape_for(layer, 1, 11), shape_for(layer, 3, 14)):
        x = draw(*shape)
        exact = both[1](tf.cast(x, tf.float64))
        assert_equal_in_float64(double(tf.cast(x, tf.float64)), exact)
        assert_equal_within_noise(single(x), exact, layer(x))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("layer", LAYERS, ids=IDS)
def test_half_precision_computes_halves_and_trains_whole_numbers(layer, policy):
    half = type(layer).from_config(layer.get_config() | {"dtype": policy})
    x = draw(*shape_for(layer, 2, 12))
    with tf.GradientTape() as tape:
        y = half(x, training=True) if isinstance(half, BatchNorm | SpectralNorm) else half(x)
        loss = tf.reduce_sum(tf.cast(y, tf.float32))
    assert y.dtype == half.compute_dtype
    gradients = tape.gradient(loss, half.trainable_variables)
    assert all(g.dtype == tf.float32 and np.isfinite(g.numpy()).all() for g in gradients)
    whole = like(half, "float32")(x)
    # Up to 0.6 % was measured in bfloat16, whose unit of rounding is 0.4 %.
    assert np.linalg.norm(tf.cast(half(x), tf.float32) - whole) <= 0.1 * np.linalg.norm(whole)


def test_batch_norm_refuses_a_single_value_per_channel():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        BatchNorm()(draw(1, 1, 4), training=True)
    norm = BatchNorm()
    norm.build((None, None, 4))
    graph = tf.function(lambda x: norm(x, training=True), input_signature=[tf.TensorSpec([None, None, 4])])
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 1 value per channel"):
        graph(draw(1, 1, 4))


def test_spectral_norm_finds_the_largest_singular_value():
    """As near as 200 power iterations come to it, which is what the tolerance is for."""
    layer = SpectralNorm(Conv1D(6, 5))
    layer.build((None, None, 9))
    graph = tf.function(lambda x: layer(x, training=True))
    for _ in range(200):
        graph(draw(1, 12, 9))
    matrix = layer.layer.kernel.numpy().reshape(-1, 6)
    sigma = np.linalg.svd(matrix, compute_uv=False)[0]
    expected = layer.layer.apply_kernel(draw(1, 12, 9), layer.layer.kernel / sigma)
    u, v = layer.u.numpy(), layer.v.numpy()
    np.testing.assert_allclose(layer(draw(1, 12, 9)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(layer.u, u)  # inference leaves them alone
    np.testing.assert_array_equal(layer.v, v)


def test_arguments_that_torch_refuses_are_refused():
    with pytest.raises(ValueError, match="padding_mode must be"):
        Conv1D(3, 3, padding_mode="same")
    with pytest.raises(ValueError, match="output_padding must be smaller"):
        Conv1DTranspose(3, 4, strides=2, output_padding=2)


def test_initial_weights_have_torchs_spread():
    torch_like = FanInUniform(25)((200, 200)).numpy()
    assert 0.19 < np.abs(torch_like).max() <= 0.2 * (1 + 1e-6)
    for gain, factor in (("linear", 1.0), ("relu", 2**0.5), ("tanh", 5 / 3), (0.5, 0.5)):
        kernel = XavierUniform(gain)((5, 300, 200)).numpy()
        bound = factor * np.sqrt(6 / (5 * 300 + 5 * 200))
        assert 0.99 * bound < np.abs(kernel).max() <= bound * (1 + 1e-6)  # float32 rounds the bound itself
        assert kernel.std() == pytest.approx(bound / 3**0.5, rel=0.01)


def test_a_seed_decides_the_initial_weights():
    kernels = []
    for _ in range(2):
        keras.utils.set_random_seed(4)
        layer = LSTM(8)
        layer.build((None, None, 5))
        kernels.append(layer.get_weights())
    for a, b in zip(*kernels, strict=True):
        np.testing.assert_array_equal(a, b)
    assert len({w.tobytes() for w in kernels[0]}) == 4  # and no two tensors are alike
