"""Weight entries for models that nobody wrote a weight map for: a table of layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from tfvc.common.errors import TfvcError
from tfvc.parity.private_parts import sublayers
from tfvc.weights import Entry
from tfvc.weights.stock_layouts import stock_entries


@dataclass(frozen=True)
class LayerTable:
    """The `entries` of a case as a table: torch module path -> Keras layer.

    A Keras layer is named by its `name` or by attributes from the model (`encoder.convolutions.0.conv`). Several, for a
    torch RNN of several layers, are given as a sequence from the bottom. Layers without weights may be named too:
    they are then compared as pairs. How the weights cross, `tfvc.weights` knows for each kind of layer.

        LayerTable({"conv": "stem", "bn": "stem_bn", "rnn": ("rnn_0", "rnn_1"), "head": "logits"})
    """

    layers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def __call__(self, model: keras.layers.Layer) -> list[Entry]:
        """The weight entries of the whole table."""
        return [
            entry
            for path, layers in self.resolve(model).items()
            for index, layer in enumerate(layers)
            for entry in stock_entries(path, layer, index)
        ]

    def resolve(self, model: keras.layers.Layer) -> dict[str, list[keras.layers.Layer]]:
        """The layers of each torch path."""
        return {
            path: [find_layer(model, name) for name in ([names] if isinstance(names, str) else names)]
            for path, names in self.layers.items()
        }


def find_layer(model: keras.layers.Layer, name: str) -> keras.layers.Layer:
    """A layer by its name, or by attributes from the model; "" is the model itself.

    Raises:
        TfvcError: if there is none, or several of that name.
    """
    if not name:
        return model
    named = [layer for layer in sublayers(model) if layer.name == name]
    if len(named) == 1:
        return named[0]
    found: Any = model
    for attribute in name.split("."):
        found = found[int(attribute)] if attribute.isdigit() else getattr(found, attribute, None)
        if found is None:
            break
    if isinstance(found, keras.layers.Layer):
        return found
    many = f"{len(named)} layers are called {name!r}" if named else f"no layer is called {name!r}"
    known = ", ".join(sorted({layer.name for layer in sublayers(model) if layer is not model}))
    raise TfvcError(f"parity: in {model.name} {many}; it has {known}")
