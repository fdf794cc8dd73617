"""Padding outside of a convolution or pooling, on one side, is compared with it."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from torch import nn
from torch.nn import functional

from tfvc.parity import LayerTable, ParityCase, compare


class TorchPads(nn.Module):
    """A convolution between two others, padded by itself or, with `outside`, by `F.pad`."""

    def __init__(
        self,
        padding: int = 0,
        stride: int = 1,
        outside: tuple | None = None,
        kernel: int = 3,
        rank: int = 2,
        mode: str = "zeros",
        pool: nn.Module | None = None,
    ):
        super().__init__()
        conv = getattr(nn, f"Conv{rank}d")
        self.a, self.relu = conv(2, 5, 1), nn.ReLU()
        self.c = conv(5, 4, kernel, stride=stride, padding=padding, padding_mode=mode)
        self.pool, self.d, self.outside = pool, conv(4, 3, 1), outside

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu(self.a(x))
        x = self.c(functional.pad(x, *self.outside) if self.outside else x)
        return self.d(self.pool(x) if self.pool else x)


class Pads(keras.layers.Layer):
    """`tf.pad` of the axes between batch and channels."""

    def __init__(self, *sides: tuple[int, int], mode: str = "CONSTANT", value: float = 0.0):
        super().__init__()
        self.sides, self.mode, self.value = sides, mode, value

    def call(self, x: Any) -> Any:
        return tf.pad(x, [(0, 0), *self.sides, (0, 0)], self.mode, tf.constant(self.value, x.dtype))


class Exchanged(keras.layers.Conv2D):
    """Height and width of the kernel exchanged."""

    def call(self, x: Any) -> Any:
        kernel = tf.transpose(self.kernel, (1, 0, 2, 3))
        return tf.nn.conv2d(x, kernel, self.strides, self.padding.upper()) + self.bias


class WithoutBias(keras.layers.Conv2D):
    def call(self, x: Any) -> Any:
        return tf.nn.conv2d(x, self.kernel, self.strides, self.padding.upper())


def case(
    module: Callable[[], nn.Module],
    *before: keras.layers.Layer,
    padding: str = "valid",
    stride: int = 1,
    kernel: int = 3,
    shape: tuple[int, ...] = (9, 8),
    conv: type | None = None,
    behind: Callable[[], list] = list,
) -> ParityCase:
    rank = len(shape)
    kind = getattr(keras.layers, f"Conv{rank}D")

    def model() -> Any:
        inputs = keras.Input((*shape, 2))
        x = keras.layers.ReLU(name="r")(kind(5, 1, name="a")(inputs))
        middle = (conv or kind)(4, kernel, strides=stride, padding=padding, name="c")
        for layer in (*(make() for make in before), middle, *behind()):
            x = layer(x)
        return keras.Model(inputs, kind(3, 1, name="d")(x))

    return ParityCase(
        "padded",
        model,
        module,
        LayerTable({name: name for name in "acd"}),
        lambda rng: {"x": rng.standard_normal((2, *shape, 2))},
        torch_forward=lambda m, x: {"output": m(x["x"].movedim(-1, 1)).movedim(1, -1)},
    )


def zeros(*sides: Any) -> Callable[[], Any]:
    return lambda: keras.layers.ZeroPadding2D(*sides)


def pads(*sides: tuple[int, int], **settings: Any) -> Callable[[], Any]:
    return lambda: Pads(*sides, **settings)


RIGHT = {
    "ZeroPadding2D": case(lambda: TorchPads(1), zeros(1)),
    "ResNet's": case(lambda: TorchPads(3, 2, kernel=7), zeros(((3, 2), (3, 2))), stride=2, kernel=7, shape=(10, 12)),
    "same, for F.pad": case(lambda: TorchPads(0, 2, ((0, 1, 1, 1),)), padding="same", stride=2),
    "reflect outside": case(lambda: TorchPads(1, mode="reflect"), pads((1, 1), (1, 1), mode="REFLECT")),
    "replicate, of one row": case(lambda: TorchPads(1, mode="replicate"), pads((1, 1), (1, 1), mode="SYMMETRIC")),
    "causal, for F.pad": case(lambda: TorchPads(outside=((2, 0),), rank=1), padding="causal", shape=(11,)),
    "pooling": case(
        lambda: TorchPads(1, pool=nn.AvgPool2d(3, 2, 1)),
        padding="same",
        behind=lambda: [keras.layers.ZeroPadding2D(1), keras.layers.AveragePooling2D(3, 2)],
    ),
    "largest": case(
        lambda: TorchPads(1, pool=nn.MaxPool2d(3, 2, 1)),
        padding="same",
        behind=lambda: [Pads((1, 1), (1, 1), value=-np.inf), keras.layers.MaxPooling2D(3, 2)],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_port_passes_layer_by_layer(name):
    report = compare(RIGHT[name], ("forward", "backward"), layers=True)
    report.raise_on_failure()
    assert not report.diagnoses
    layers = {layer.path: layer for layer in report.layers if layer.paired_by}
    assert {layer.verdict for layer in layers.values()} == {"fine"}
    for path in {"a", "c", "d", "pool"} & layers.keys():
        assert layers[path].local_forward
        assert layers[path].local_backward
    assert ("pool" in layers) is ("MaxPool" in str(RIGHT[name].torch_module()) or name == "pooling")


WRONG = {
    "kernel transposed": case(lambda: TorchPads(1), zeros(1), conv=Exchanged),
    "kernel transposed, torch pads outside": case(
        lambda: TorchPads(outside=((1, 1, 1, 1),)), padding="same", conv=Exchanged
    ),
    "bias left out": case(lambda: TorchPads(1), zeros(1), conv=WithoutBias),
    "padding mode": case(lambda: TorchPads(1, mode="reflect"), zeros(1)),
    "padding mode, torch pads outside": case(lambda: TorchPads(outside=((1, 1, 1, 1), "reflect")), padding="same"),
    "padding shifted": case(lambda: TorchPads(1), zeros(((2, 0), (2, 0)))),
    "same padding": case(lambda: TorchPads(0, 2, ((1, 1, 1, 1),)), padding="same", stride=2, shape=(8, 8)),
    "padding amount": case(lambda: TorchPads(1), zeros(2)),
    "pooled padding": case(
        lambda: TorchPads(1, pool=nn.MaxPool2d(3, 2, 1)),
        padding="same",
        behind=lambda: [keras.layers.ZeroPadding2D(1), keras.layers.MaxPooling2D(3, 2)],
    ),
    "ceil mode": case(
        lambda: TorchPads(1, pool=nn.MaxPool2d(2, ceil_mode=True)),
        padding="same",
        behind=lambda: [keras.layers.MaxPooling2D(2)],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_layer_and_the_cause_are_named(name):
    why = compare(WRONG[name], ("forward",)).diagnosis
    assert (why.kind, why.culprit) == ("layer", "pool" if name in ("pooled padding", "ceil mode") else "c")
    assert why.hypothesis == name.partition(",")[0]
