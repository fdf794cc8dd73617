"""Weight entries for models that nobody wrote a weight map for: a table of layers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from tfvc.common.errors import TfvcError
from tfvc.weights import Declared, entries_of


@dataclass(frozen=True)
class LayerTable:
    """The `entries` of a case as a table: torch module path -> Keras layer.

    A Keras layer is named by its `name` or by attributes from the model (`encoder.convolutions.0.conv`). Several, for a
    torch RNN of several layers, are given as a sequence from the bottom. Layers without weights may be named too:
    they are then compared as pairs. How the weights cross, `tfvc.weights` knows for each kind of layer.

        LayerTable({"conv": "stem", "bn": "stem_bn", "rnn": ("rnn_0", "rnn_1"), "head": "logits"})

    What no kind of layer says is given by `entries`: tied weights, parameters of no layer, constants. An entry takes
    the place of the table's for the same variables.

        LayerTable(
            {"embed": "words", "attn": "attention"},
            entries=lambda model: [Entry(("embed.weight", "head.weight"), model.words.embeddings, keys_as=Tied())],
        )

    Attributes:
        layers: torch module path -> Keras layer or layers.
        entries: function from the model to further entries.
    """

    layers: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    entries: Callable[[Any], Sequence[Declared]] = lambda model: ()

    def __call__(self, model: keras.layers.Layer) -> list[Declared]:
        """The weight entries of the whole table, and those beside it."""
        given = list(self.entries(model))
        variables = {id(variable) for item in given for variable in item.variables}
        of_table = [
            item
            for path, layers in self.resolve(model).items()
            for index, layer in enumerate(layers)
            for item in entries_of(path, layer, index)
        ]
        return [*(x for x in of_table if not any(id(variable) in variables for variable in x.variables)), *given]

    def resolve(self, model: keras.layers.Layer) -> dict[str, list[keras.layers.Layer]]:
        """The layers of each torch path."""
        return {
            path: [find_layer(model, name) for name in ([names] if isinstance(names, str) else names)]
            for path, names in self.layers.items()
        }


def sublayers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The model and every layer in it, in an order that is the same for each model of a factory."""
    return list(model._flatten_layers())


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
