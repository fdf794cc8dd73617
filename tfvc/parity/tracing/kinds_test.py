import keras
import pytest
import torch

from tfvc.layers import AveragePool1D
from tfvc.parity import register_kind
from tfvc.parity.tracing import kinds
from tfvc.parity.tracing.kinds import keras_kind, torch_kind

NN = torch.nn


class Rectifier(NN.ReLU):
    """A ReLU by another name."""


class Swish(NN.Module):
    pass


class KerasSwish(keras.layers.Layer):
    pass


class KerasRectifier(keras.layers.ReLU):
    pass


@pytest.mark.parametrize(
    ("module", "layer", "kind"),
    [
        (NN.ReLU(), keras.layers.ReLU(), "relu"),
        (Rectifier(), KerasRectifier(), "relu"),
        (NN.GELU(), keras.layers.Activation("gelu"), "gelu"),
        (NN.LeakyReLU(), keras.layers.Activation("leaky_relu"), "leaky relu"),
        (NN.Softmax(-1), keras.layers.Softmax(), "softmax"),
        (NN.AvgPool1d(2), AveragePool1D(2), "average pooling"),
        (NN.ZeroPad2d(1), keras.layers.ZeroPadding2D(), "padding"),
        (NN.UpsamplingNearest2d(scale_factor=2), keras.layers.UpSampling2D(), "upsampling"),
    ],
)
def test_the_same_thing_in_both_frameworks(module, layer, kind):
    assert (torch_kind(module), keras_kind(layer)) == (kind, kind)


@pytest.mark.parametrize(
    "module",
    [
        NN.ReLU6(),
        NN.Hardtanh(),
        NN.LogSoftmax(-1),
        NN.Softmax2d(),
        NN.Softmin(-1),
        NN.AdaptiveAvgPool1d(1),
        NN.LPPool1d(2, 2),
        Swish(),
    ],
    ids=lambda module: type(module).__name__,
)
def test_what_only_resembles_a_kind_is_none(module):
    assert torch_kind(module) is None


def test_a_layer_of_no_kind():
    assert keras_kind(KerasSwish()) is None
    assert keras_kind(keras.layers.GlobalAveragePooling1D()) is None


def test_a_kind_that_a_package_adds(monkeypatch):
    monkeypatch.setattr(kinds._TORCH, "_values", dict(kinds._TORCH._values))
    monkeypatch.setattr(kinds._KERAS, "_values", dict(kinds._KERAS._values))
    register_kind("swish", [f"{__name__}:Swish"], [KerasSwish])
    assert (torch_kind(Swish()), keras_kind(KerasSwish())) == ("swish", "swish")
