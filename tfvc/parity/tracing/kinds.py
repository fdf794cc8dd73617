"""Layers without weights that are the same thing in both frameworks: what pairing by position may go by."""

from typing import Any

import keras


def torch_kind(module: Any) -> str | None:
    """A common name of a torch module without weights; None if it has none."""
    from torch import nn

    kinds = {
        nn.ReLU: "relu",
        nn.LeakyReLU: "leaky relu",
        nn.ELU: "elu",
        nn.GELU: "gelu",
        nn.SiLU: "silu",
        nn.Tanh: "tanh",
        nn.Sigmoid: "sigmoid",
        nn.Softmax: "softmax",
        nn.AvgPool1d: "average pooling",
        nn.AvgPool2d: "average pooling",
        nn.MaxPool1d: "max pooling",
        nn.MaxPool2d: "max pooling",
        nn.Upsample: "upsampling",
        nn.ReflectionPad1d: "padding",
        nn.ReflectionPad2d: "padding",
        nn.ZeroPad1d: "padding",
        nn.ZeroPad2d: "padding",
        nn.ConstantPad1d: "padding",
        nn.ConstantPad2d: "padding",
    }
    return next((name for kind, name in kinds.items() if type(module) is kind), None)


def keras_kind(layer: keras.layers.Layer) -> str | None:
    """The same for a Keras layer."""
    from tfvc.layers import AveragePool1D

    if isinstance(layer, keras.layers.Activation):
        name = getattr(layer.activation, "__name__", "").replace("_", " ")
        return name or None
    kinds = {
        keras.layers.ReLU: "relu",
        keras.layers.LeakyReLU: "leaky relu",
        keras.layers.ELU: "elu",
        keras.layers.Softmax: "softmax",
        keras.layers.AveragePooling1D: "average pooling",
        keras.layers.AveragePooling2D: "average pooling",
        AveragePool1D: "average pooling",
        keras.layers.MaxPooling1D: "max pooling",
        keras.layers.MaxPooling2D: "max pooling",
        keras.layers.UpSampling1D: "upsampling",
        keras.layers.UpSampling2D: "upsampling",
        keras.layers.ZeroPadding1D: "padding",
        keras.layers.ZeroPadding2D: "padding",
    }
    return next((name for kind, name in kinds.items() if isinstance(layer, kind)), None)
