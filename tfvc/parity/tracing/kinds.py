"""Layers without weights that are the same thing in both frameworks: what pairing by position may go by.

A kind is looked up by the nearest class in the method resolution order, so that what derives from a ReLU is one too.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras

from tfvc.common.kind_registry import KindRegistry
from tfvc.common.plugins import load_object, plugins
from tfvc.layers import AveragePool1D

_GROUP = "tfvc.layer_kinds"
# What pads is compared with the layer that it pads for, if the other model has nothing of the kind.
PADDING = "padding"
_KERAS: KindRegistry[Callable[[Any], str | None]] = KindRegistry(_GROUP)
_TORCH: KindRegistry[str] = KindRegistry()
# Classes of torch are looked up when there is a module to name, for torch is not imported before.
_NAMED: list[tuple[str, str]] = []


def register_kind(name: str, torch: Sequence[str] = (), keras: Sequence[type] = ()) -> None:
    """Says that modules and layers of these classes, and what derives from them, are the same kind of thing.

        register_kind("swish", torch=["my_package.modules:Swish"], keras=[MySwish])

    A package does so in the module that it names in the entry-point group `tfvc.layer_kinds`. A later call replaces an
    earlier one.

    Args:
        name: of the kind.
        torch: classes of torch as `module:class`; they are imported when a torch module is paired.
        keras: classes of Keras layers.
    """
    _NAMED.extend((path, name) for path in torch)
    for kind in keras:
        _KERAS.register(kind, lambda layer: name)


def torch_kind(module: Any) -> str | None:
    """The kind of a torch module without weights; None if it has none."""
    plugins(_GROUP)
    while _NAMED:
        path, name = _NAMED.pop(0)
        _TORCH.register(load_object(path), name)
    return _TORCH.find(module)


def keras_kind(layer: Any) -> str | None:
    """The same for a Keras layer."""
    kind_of = _KERAS.find(layer)
    return None if kind_of is None else kind_of(layer)


def _of_activation(layer: keras.layers.Activation) -> str | None:
    return getattr(layer.activation, "__name__", "").replace("_", " ") or None


_KERAS.register(keras.layers.Activation, _of_activation)
register_kind("relu", ["torch.nn:ReLU"], [keras.layers.ReLU])
register_kind("leaky relu", ["torch.nn:LeakyReLU"], [keras.layers.LeakyReLU])
register_kind("elu", ["torch.nn:ELU"], [keras.layers.ELU])
register_kind("softmax", ["torch.nn:Softmax"], [keras.layers.Softmax])
# Keras has these as functions of an Activation.
for _name, _class in (("gelu", "GELU"), ("silu", "SiLU"), ("tanh", "Tanh"), ("sigmoid", "Sigmoid")):
    register_kind(_name, [f"torch.nn:{_class}"])
register_kind(
    "average pooling",
    ["torch.nn:AvgPool1d", "torch.nn:AvgPool2d"],
    [keras.layers.AveragePooling1D, keras.layers.AveragePooling2D, AveragePool1D],
)
register_kind(
    "max pooling",
    ["torch.nn:MaxPool1d", "torch.nn:MaxPool2d"],
    [keras.layers.MaxPooling1D, keras.layers.MaxPooling2D],
)
register_kind("upsampling", ["torch.nn:Upsample"], [keras.layers.UpSampling1D, keras.layers.UpSampling2D])
register_kind(
    PADDING,
    [f"torch.nn:{way}Pad{rank}d" for way in ("Reflection", "Zero", "Constant") for rank in (1, 2)],
    [keras.layers.ZeroPadding1D, keras.layers.ZeroPadding2D],
)
