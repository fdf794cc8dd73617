"""How each kind of layer crosses: one registry, which other packages add to.

The rows of our layers are in `tfvc_layers`, those of Keras's in `stock_layers`.
"""

from collections.abc import Callable
from typing import Any

import keras

from tfvc.common.kind_registry import KindRegistry
from tfvc.weights.entry import Declared
from tfvc.weights.errors import WeightError

_KINDS: KindRegistry[Callable[[Any, int], list[Declared]]] = KindRegistry("tfvc.layer_kinds")


def register(kind: type[keras.layers.Layer], entries: Callable[..., list[Declared]], stacked: bool = False) -> None:
    """Says how a kind of layer, and what derives from it, crosses to torch.

    A package adds its kinds in a module that it names in the entry-point group `tfvc.layer_kinds`.

        register(Scale, lambda layer: [Entry("gain", layer.gain)])

    Args:
        kind: the class.
        entries: function from a layer to its entries in torch's order, under the keys that torch's module gives them.
        stacked: whether torch has several such layers in one module, as `nn.LSTM(num_layers=2)`; the function then
            also gets the layer's index in it.
    """
    _KINDS.register(kind, entries if stacked else lambda layer, index: entries(layer))


def entries_of(path: str, layer: keras.layers.Layer, index: int = 0) -> list[Declared]:
    """The entries of one layer of a registered kind, or of what derives from one.

    Args:
        path: of the torch module; empty if it is the whole model.
        layer: of Keras, of tfvc, or of a package that registers its kind.
        index: of a layer in torch's stack of them.

    Raises:
        WeightError: for a layer of an unknown kind that has weights, or of a form that torch has not.
    """
    entries = _KINDS.find(layer)
    if entries is not None:
        prefix = f"{path}." if path else ""
        return [item.renamed(lambda key: prefix + key) for item in entries(layer, index)]
    if layer.weights:
        raise WeightError(
            f"{layer.name}: no table says how a {type(layer).__name__} crosses to torch; register its kind with "
            "tfvc.weights.register, or give its entries yourself"
        )
    return []


def is_known(layer: keras.layers.Layer) -> bool:
    """Whether the layer's kind is registered."""
    return _KINDS.find(layer) is not None
