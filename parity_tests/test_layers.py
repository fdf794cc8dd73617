"""Each layer equals its torch layer: outputs, gradients, three optimizer updates, state.

Sizes are drawn: odd and even lengths, kernels and paddings, strides 1 to 4, dilations, one utterance and
several, never square. A seed is a size: a failure names it.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from tfvc.cases import layers
from tfvc.parity import Comparison, ParityCase, StageKind, compare

INITS = ("coded", "constant", "random")


def check(case: ParityCase, seed: int) -> None:
    compare(case, init=INITS[seed % 3], steps=3, seed=seed).raise_on_failure()


def check_all_inits(case: ParityCase, seed: int) -> None:
    comparison = Comparison(case, seed)
    for init in INITS:
        comparison.run(init=init, steps=3).raise_on_failure()


def draw_conv(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    strides = seed % 4 + 1
    kernel, dilation = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    inputs, filters = rng.choice(np.arange(1, 9), 2, replace=False)
    padding = int(rng.integers(0, 5))
    shortest = max(dilation * (kernel - 1) + 1 - 2 * padding, padding + 1, 2)
    return {
        "batch": int(rng.integers(1, 4)),
        "time": int(shortest + rng.integers(0, 12)),
        "inputs": int(inputs),
        "filters": int(filters),
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "padding_mode": ("zeros", "reflect")[int(rng.integers(2))],
        "dilation": dilation,
        "use_bias": bool(rng.integers(4)),
    }


def draw_conv_transpose(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    strides = seed % 4 + 1
    kernel, dilation = int(rng.integers(1, 9)), int(rng.integers(1, 3))
    inputs, filters = rng.choice(np.arange(1, 9), 2, replace=False)
    taps = dilation * (kernel - 1) + 1
    padding = int(rng.integers(0, taps // 2 + 1))
    output_padding = int(rng.integers(0, max(strides, dilation)))
    lost = 2 * padding - taps - output_padding
    return {
        "batch": int(rng.integers(1, 4)),
        "time": max(1, lost // strides + 2) + int(rng.integers(0, 8)),
        "inputs": int(inputs),
        "filters": int(filters),
        "kernel_size": kernel,
        "strides": strides,
        "padding": padding,
        "output_padding": output_padding,
        "dilation": dilation,
        "use_bias": bool(rng.integers(4)),
    }


@pytest.mark.parametrize("seed", range(16))
def test_conv1d(seed):
    check(layers.conv1d(**draw_conv(seed)), seed)


@pytest.mark.parametrize("seed", range(16))
def test_conv1d_transpose(seed):
    check(layers.conv1d_transpose(**draw_conv_transpose(seed)), seed)


def draw_grouped_conv(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    groups = int(rng.integers(1, 6))
    kernel, dilation, padding = int(rng.integers(1, 12)), int(rng.integers(1, 4)), int(rng.integers(0, 6))
    shortest = max(dilation * (kernel - 1) + 1 - 2 * padding, 1)
    return {
        "batch": int(rng.integers(1, 4)),
        "time": int(shortest + rng.integers(0, 20)),
        "inputs": groups * int(rng.integers(1, 4)),
        "filters": groups * int(rng.integers(1, 5)),
        "groups": groups,
        "kernel_size": kernel,
        "strides": seed % 6 + 1,
        "padding": padding,
        "dilation": dilation,
        "use_bias": bool(rng.integers(4)),
    }


@pytest.mark.parametrize("seed", range(24))
def test_grouped_conv1d(seed):
    check(layers.grouped_conv1d(**draw_grouped_conv(seed)), seed)


@pytest.mark.parametrize("seed", range(6))
def test_depthwise_conv1d(seed):
    """As many groups as channels, undilated steps: a way of its own."""
    sizes = draw_grouped_conv(6 * seed)  # of stride 1
    channels = {"inputs": sizes["groups"], "filters": sizes["groups"]}
    check(layers.grouped_conv1d(**{**sizes, **channels, "strides": 1}), seed)


def draw_conv2d(seed: int) -> dict:
    rng = np.random.default_rng(seed)
    kernel, padding = int(rng.integers(1, 6)), int(rng.integers(0, 4))
    shortest = max(kernel - 2 * padding, 1)
    return {
        "batch": int(rng.integers(1, 4)),
        "rows": int(shortest + rng.integers(0, 9)),
        "columns": int(shortest + rng.integers(0, 9)),
        "inputs": int(rng.integers(1, 5)),
        "filters": int(rng.integers(1, 6)),
        "kernel_size": kernel,
        "strides": seed % 3 + 1,
        "padding": padding,
        "use_bias": bool(rng.integers(4)),
    }


@pytest.mark.parametrize("seed", range(6))
def test_conv2d(seed):
    check(layers.conv2d(**draw_conv2d(seed)), seed)


def test_grouped_conv1d_without_onednn():
    """TensorFlow's own grouped convolution has no gradient there; whether oneDNN is on is decided at start-up."""
    program = (
        "from parity_tests.test_layers import draw_grouped_conv, check; from tfvc.cases import layers\n"
        "for seed in range(24, 30): check(layers.grouped_conv1d(**draw_grouped_conv(seed)), seed)\n"
        "check(layers.grouped_conv1d(2, 128, 64, 256, 16, 41, 4, 20), 0)\n"
        "print('equal')"
    )
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "equal", done.stderr[-2000:]


def draw_column_conv(seed: int) -> dict:
    sizes = {name: size for name, size in draw_conv(seed).items() if name not in ("padding_mode", "dilation", "time")}
    rng = np.random.default_rng(seed)
    return {**sizes, "columns": int(rng.integers(1, 5)), "rows": sizes["kernel_size"] + int(rng.integers(0, 12))}


@pytest.mark.parametrize("seed", range(6))
def test_column_conv2d(seed):
    check(layers.column_conv2d(**draw_column_conv(seed)), seed)


@pytest.mark.parametrize("seed", range(8))
def test_weight_norm(seed):
    """g and v are compared on their own: values, gradients, updates."""
    kinds = (
        lambda: layers.conv1d(**draw_conv(seed)),
        lambda: layers.conv1d_transpose(**draw_conv_transpose(seed)),
        lambda: layers.grouped_conv1d(**draw_grouped_conv(seed)),
        lambda: layers.column_conv2d(**draw_column_conv(seed)),
    )
    check_all_inits(layers.weight_norm(kinds[seed % 4]()), seed)


@pytest.mark.parametrize("seed", range(6))
def test_spectral_norm(seed):
    """The gradient through sigma, and u and v after training: they are judged among the weights."""
    kinds = (
        lambda: layers.conv1d(**draw_conv(seed)),
        lambda: layers.grouped_conv1d(**draw_grouped_conv(seed)),
        lambda: layers.column_conv2d(**draw_column_conv(seed)),
    )
    comparison = Comparison(layers.spectral_norm(kinds[seed % 3]()), seed)
    for init in INITS:
        report = comparison.run(init=init, steps=3)
        report.raise_on_failure()
        judged = {row.key for row in report.rows if row.stage.kind is StageKind.WEIGHTS}
        assert {"weight_orig", "weight_u", "weight_v"} <= judged


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_average_pool1d(seed, counted):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 8))
    sizes = {"time": size + int(rng.integers(0, 12)), "pool_size": size, "strides": int(rng.integers(1, 5))}
    case = layers.average_pool1d(padding=int(rng.integers(0, size // 2 + 1)), count_include_pad=counted, **sizes)
    compare(case, ("forward", "backward"), seed=seed).raise_on_failure()


@pytest.mark.parametrize("strides", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel_size", [1, 2, 5, 8, 41])
def test_same_padding_is_that_of_tensorflow(kernel_size, strides):
    """For every length from 1 to three kernels, and in a graph that does not know the length."""
    import tensorflow as tf

    from tfvc.layers import Conv1D, GroupedConv1D

    rng = np.random.default_rng(kernel_size + strides)
    grouped = GroupedConv1D(6, kernel_size, 2, strides=strides, padding="same", use_bias=False)
    plain = Conv1D(6, kernel_size, strides=strides, padding="same", use_bias=False)
    stock = [
        tf.keras.layers.Conv1D(6, kernel_size, strides=strides, padding="same", use_bias=False, groups=g)
        for g in (2, 1)
    ]
    dynamic = tf.function(lambda x: (grouped(x), plain(x)), input_signature=[tf.TensorSpec([None, None, 4])])
    for layer, reference in zip((grouped, plain), stock, strict=True):
        layer.build((None, None, 4))
        reference.build((None, None, 4))
        reference.set_weights(layer.get_weights())
    for length in range(1, 3 * kernel_size + 1):
        x = tf.constant(rng.standard_normal((2, length, 4)), tf.float32)
        expected = [reference(x) for reference in stock]
        for found in ((grouped(x), plain(x)), dynamic(x)):
            for y, z in zip(found, expected, strict=True):
                assert y.shape == z.shape
                np.testing.assert_allclose(y, z, rtol=1e-4, atol=1e-5)
        assert grouped.compute_output_shape(x.shape) == expected[0].shape


@pytest.mark.parametrize(("batch", "time", "channels"), [(1, 2, 3), (2, 1, 4), (1, 7, 5), (3, 8, 1), (4, 33, 6)])
def test_batch_norm(batch, time, channels):
    """Down to two values a channel, where the unbiased running variance is twice the biased one."""
    check_all_inits(layers.batch_norm(batch, time, channels), seed=batch * time)


def test_batch_norm_refuses_a_single_value_as_torch_does():
    import torch

    from tfvc.layers import BatchNorm

    with pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.BatchNorm1d(3).train()(torch.zeros(1, 3, 1))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        BatchNorm()(np.zeros((1, 1, 3), np.float32), training=True)


@pytest.mark.parametrize(
    ("batch", "time", "inputs", "units", "num_layers", "bidirectional"),
    [
        (1, 1, 3, 4, 1, False),
        (3, 7, 5, 4, 1, True),
        (2, 10, 1, 6, 2, False),
        (4, 9, 7, 3, 2, True),
        (2, 13, 4, 1, 3, True),
        (3, 8, 2, 5, 3, False),
    ],
)
def test_lstm(batch, time, inputs, units, num_layers, bidirectional):
    check_all_inits(layers.lstm(batch, time, inputs, units, num_layers, bidirectional), seed=time)


def test_dense():
    check_all_inits(layers.dense(), seed=0)
    check_all_inits(layers.dense(batch=1, time=1, inputs=1, units=9, use_bias=False), seed=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        layers.conv1d(2, 176, 336, 512, 5, 1, 2),
        layers.conv1d(2, 177, 512, 80, 5, 1, 2),
        layers.conv1d_transpose(1, 40, 512, 256, 16, 8, 4, 0),
        layers.weight_norm(layers.grouped_conv1d(2, 2048, 16, 64, 4, 41, 4, 20)),
        layers.weight_norm(layers.grouped_conv1d(2, 127, 1024, 1024, 256, 41, 4, 20)),
        layers.batch_norm(2, 176, 512),
        layers.lstm(2, 64, 512, 32, 2, True),
        layers.lstm(2, 40, 320, 512, 1, False),
        layers.dense(2, 176, 1024, 80),
    ],
    ids=[
        "encoder conv",
        "postnet conv",
        "upsampling",
        "first grouped conv",
        "last grouped conv",
        "batch norm",
        "encoder lstm",
        "decoder lstm",
        "projection",
    ],
)
def test_the_sizes_of_the_models(case):
    check(case, seed=0)
