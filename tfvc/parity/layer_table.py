"""Weight entries for models that nobody wrote a weight map for: a table of layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from tfvc.common.errors import TfvcError
from tfvc.parity.private_parts import sublayers
from tfvc.weights import Declared, Ignored, entries_of
from tfvc.weights.layer_kinds import is_known


@dataclass(frozen=True)
class LayerTable:
    """The `entries` of a case as a table: torch module path -> Keras layer.

    A Keras layer is named by its `name`, by its `path` as reports show it (`encoder/block_1/conv`), or by attributes
    from the model (`encoder.convolutions.0.conv`). Several, for a torch RNN of several layers, are given as a sequence
    from the bottom. Layers without weights may be named too: they are then compared as pairs. How the weights cross,
    `tfvc.weights` knows for each kind of layer. Where one Keras layer is several torch modules, as a `SeparableConv2D`
    is two convolutions, all their paths are given.

        LayerTable({"conv": "stem", "bn": "stem_bn", "rnn": ("rnn_0", "rnn_1"), "head": "logits"})
        LayerTable({("block.depthwise", "block.pointwise"): "separable"})

    What no kind of layer says is given by `entries`: tied weights, parameters of no layer, constants. An entry takes
    the place of the table's for the same variables; a layer of an unknown kind may be in the table if they have all of
    its variables.

        LayerTable(
            {"embed": "words", "attn": "attention"},
            entries=lambda model: [Entry(("embed.weight", "head.weight"), model.words.embeddings, keys_as=Tied())],
        )

    Attributes:
        layers: torch module path or paths -> Keras layer or layers.
        entries: function from the model to further entries.
    """

    layers: Mapping[str | tuple[str, ...], str | Sequence[str]] = field(default_factory=dict)
    entries: Callable[[Any], Sequence[Declared]] = lambda model: ()

    def __call__(self, model: keras.layers.Layer) -> list[Declared]:
        """The weight entries of the whole table, and those beside it."""
        given = list(self.entries(model))
        variables = {id(variable) for item in given for variable in item.variables}
        of_table = [
            item
            for path, layers in self._found(model)
            for index, layer in enumerate(layers)
            if is_known(layer) or any(id(variable) not in variables for variable in layer.weights)
            for item in _entries(path, layer, index)
        ]
        ignored = [item for item in given if isinstance(item, Ignored)]
        return [*(x for x in of_table if x not in ignored and variables.isdisjoint(map(id, x.variables))), *given]

    def resolve(self, model: keras.layers.Layer) -> dict[str, list[keras.layers.Layer]]:
        """The layers of each torch path; a layer that is several modules is a pair of none of them."""
        return {path: layers for path, layers in self._found(model) if isinstance(path, str)}

    def _found(self, model: keras.layers.Layer) -> Iterator[tuple[str | tuple[str, ...], list[keras.layers.Layer]]]:
        for path, names in self.layers.items():
            yield path, [find_layer(model, name) for name in ([names] if isinstance(names, str) else names)]


def _entries(path: str | tuple[str, ...], layer: keras.layers.Layer, index: int) -> list[Declared]:
    """The entries of one layer under the path of its torch module, or under those of its several modules."""
    if isinstance(path, str):
        return entries_of(path, layer, index)

    def rename(key: str) -> str:
        number, _, name = key.partition(".")
        if not number.isdigit() or int(number) >= len(path):
            raise TfvcError(f"parity: {layer.name} is not the {len(path)} torch modules {', '.join(path)}; name one")
        return f"{path[int(number)]}.{name}"

    return [item.renamed(rename) for item in entries_of("", layer, index)]


def find_layer(model: keras.layers.Layer, name: str) -> keras.layers.Layer:
    """A layer by its name, its path or by attributes from the model; "" is the model itself.

    Raises:
        TfvcError: if there is none, or several of that name.
    """
    if not name:
        return model
    named = [layer for layer in sublayers(model) if name in (layer.name, getattr(layer, "path", None))]
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
