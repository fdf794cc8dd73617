"""Wrong constants, functions and axes: attributes of a layer."""

from collections.abc import Callable, Sequence
from inspect import signature
from math import isclose
from typing import Any

import keras
from keras import layers, ops

from parity_tests.foreign.planting.kind import Kind, Site, in_layer, of, words
from tfvc.parity.private_parts import sublayers

NORMS = (layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization)
ACTIVATIONS: dict[str, Callable] = {
    "relu": ops.relu,
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu tanh": lambda x: ops.gelu(x, approximate=True),
    "silu": ops.silu,
    "leaky relu": ops.leaky_relu,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "linear": lambda x: x,
}


def _other(name: str, classes: Any, *values: Any) -> Callable[[Site], Sequence[Any]]:
    """Those of the values that are not what the layer has."""
    return lambda site: (
        [value for value in values if not isclose(value, getattr(site.layer, name), rel_tol=1e-3)]
        if isinstance(site.layer, classes)
        else ()
    )


def _set(name: str) -> Callable:
    return in_layer(lambda layer, value: setattr(layer, name, value))


def _names(constant: str) -> Callable:
    """The constant and its wrong value."""
    return lambda value: [[constant], [f"{value:g}"]]


def _activations(site: Site) -> Sequence[str]:
    layer = site.layer
    if isinstance(layer, (layers.ReLU, layers.PReLU)):
        return [name for name in ACTIVATIONS if name != "relu"]
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", "linear")
    if name == "linear" or not isinstance(layer, (layers.Activation, layers.Dense, layers.Conv1D, layers.Conv2D)):
        return ()
    return [other for other in ACTIVATIONS if other.split()[0] not in name]


def _replace_activation(layer: keras.layers.Layer, value: str) -> None:
    if hasattr(layer, "activation"):
        layer.activation = ACTIVATIONS[value]
    else:
        layer.call = ACTIVATIONS[value]


def _scales(site: Site) -> Sequence[float]:
    """For attention scores: none, without the root, of the whole width."""
    if not isinstance(site.layer, layers.MultiHeadAttention):
        return ()
    size = site.layer.key_dim
    return [1.0, 1 / size, (size * site.layer.num_heads) ** -0.5]


def _move_padding(layer: keras.layers.Layer, value: Any) -> None:
    """One frame of the padding in front instead of behind."""
    rows, *others = layer.padding if isinstance(layer.padding[0], tuple) else (layer.padding,)
    moved = (rows[0] + 1, rows[1] - 1)
    layer.padding = (moved, *others) if others else moved


def _softmax_axis(layer: keras.layers.Layer, axis: int) -> None:
    layer._softmax.axis, attend = axis, layer._compute_attention
    arguments = signature(attend)

    def unfused(*x: Any, **more: Any) -> Any:
        """Asked for its weights, the layer takes its own softmax."""
        bound = arguments.bind(*x, **more)
        bound.arguments["return_attention_scores"] = True
        return attend(*bound.args, **bound.kwargs)

    layer._compute_attention = unfused


def _dropouts(site: Site) -> Sequence[float]:
    """Not those of an attention, which does not call them where the pair has no dropout."""
    inner = [part for layer in site.layers if isinstance(layer, layers.MultiHeadAttention) for part in sublayers(layer)]
    outside = isinstance(site.layer, layers.Dropout) and all(part is not site.layer for part in inner)
    return (0.1, 0.5) if outside else ()


def _rate(layer: keras.layers.Layer, value: float) -> None:
    layer.call = lambda x, training=False, **more: keras.random.dropout(x, value) if training else x


KINDS = [
    Kind("epsilon", _other("epsilon", NORMS, 1e-3, 1e-5, 1e-6, 1e-7), _set("epsilon"), _names("epsilon")),
    Kind(
        "momentum",
        _other("momentum", layers.BatchNormalization, 0.1, 0.9, 0.95, 0.99),
        _set("momentum"),
        lambda value: [["momentum", "each batch"], [f"{1 - value:g}"]],
    ),
    Kind(
        "bound of a relu",
        lambda site: [None, 5.0] if getattr(site.layer, "max_value", None) else (),
        _set("max_value"),
        words("bound", "relu6", "relu instead", "maximum", "clip", "a relu", "relu where"),
        around=True,
    ),
    Kind("activation", _activations, in_layer(_replace_activation), lambda value: [[value.split()[0]]], around=True),
    Kind(
        "scale of attention",
        _scales,
        _set("_inverse_sqrt_key_dim"),
        lambda value: [["scale", "root of the size"]],
        around=True,
    ),
    Kind(
        "axis of softmax",
        of(layers.MultiHeadAttention, 1, 2),
        in_layer(_softmax_axis),
        words("axis", "over the heads", "over the queries"),
        around=True,
    ),
    Kind("groups", of(layers.GroupNormalization, 2, 4), _set("groups"), words("group")),
    Kind(
        "dilation",
        lambda site: [1] if max(getattr(site.layer, "dilation_rate", None) or (1,)) > 1 else (),
        _set("dilation_rate"),
        words("dilation", "dilated"),
    ),
    Kind(
        "order of norm and attention",
        lambda site: [not site.layer.normalize_first] if hasattr(site.layer, "normalize_first") else (),
        _set("normalize_first"),
        words("norm first", "pre-norm", "post-norm", "before the attention", "in front of the attention", "order"),
    ),
    Kind(
        "padding moved outside",
        of((layers.ZeroPadding1D, layers.ZeroPadding2D)),
        in_layer(_move_padding),
        words("padding", "pads", "padded", "shift"),
        around=True,
    ),
    Kind("dropout", _dropouts, in_layer(_rate), words("dropout"), around=True),
]
