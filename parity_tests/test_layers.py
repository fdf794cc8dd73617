"""Each layer equals its torch layer: outputs, gradients, three optimizer updates, state.

Sizes are drawn: odd and even lengths, kernels and paddings, strides 1 to 4, dilations, one utterance and
several, never square. A seed is a size: a failure names it.
"""

import numpy as np
import pytest

from tfvc.parity import Comparison, ParityCase, compare
from tfvc.parity.cases import layers

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
        layers.batch_norm(2, 176, 512),
        layers.lstm(2, 64, 512, 32, 2, True),
        layers.lstm(2, 40, 320, 512, 1, False),
        layers.dense(2, 176, 1024, 80),
    ],
    ids=["encoder conv", "postnet conv", "upsampling", "batch norm", "encoder lstm", "decoder lstm", "projection"],
)
def test_the_sizes_of_the_models(case):
    check(case, seed=0)
