"""What a kind of bug is, and where it may be planted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from tfvc.parity import ParityCase
from tfvc.parity.private_parts import fresh_layer_names, sublayers
from tfvc.weights import Declared, Entry

FORWARD, BACKWARD, TRAIN = ("forward",), ("forward", "backward"), ("train",)


@dataclass(frozen=True)
class Site:
    """A layer of a right Keras model.

    Attributes:
        pair: the name of its case.
        index: of the layer in `sublayers(model)`.
        layer: itself; index 0 is the model.
        declared: id of a variable -> what the case says of it.
        layers: all layers of the model.
    """

    pair: str
    index: int
    layer: keras.layers.Layer
    declared: dict[int, Declared]
    layers: list[keras.layers.Layer]

    @property
    def path(self) -> str:
        return getattr(self.layer, "path", None) or self.layer.name

    def crosses_alone(self, name: str) -> bool:
        """Whether a variable of the layer is a torch tensor by itself."""
        item = self.declared.get(id(getattr(self.layer, name, None)))
        return isinstance(item, Entry) and len(item.variables) == len(item.keys) == 1

    def crosses(self, name: str) -> bool:
        """Whether torch has a variable of the layer."""
        return isinstance(self.declared.get(id(getattr(self.layer, name, None))), Entry)


def sites_of(case: ParityCase) -> list[Site]:
    """Every layer of a case's Keras model."""
    with fresh_layer_names():
        model = case.keras_model()
    declared = {id(variable): item for item in case.entries(model) for variable in item.variables}
    layers = sublayers(model)
    return [Site(case.name, i, layer, declared, layers) for i, layer in enumerate(layers)]


@dataclass(frozen=True)
class Kind:
    """A kind of bug.

    Attributes:
        name: of the kind.
        values: what may be drawn for a site, as JSON has it; nothing where the bug cannot be.
        plant: function from a right case, the index of a layer and a value to the wrong case.
        says: function from the value to what a right cause says: of each list one word, in lower case.
        phases: those that are run.
        around: whether what lies around the layer is a right place too: in torch, that is where the function stands.
        culprit: the place, if it is no layer.
        within: classes of layers in the layer that do what is wrong there: their places are right too.
    """

    name: str
    values: Callable[[Site], Sequence[Any]]
    plant: Callable[[ParityCase, int, Any], ParityCase]
    says: Callable[[Any], Sequence[Sequence[str]]]
    phases: tuple[str, ...] = FORWARD
    around: bool = False
    culprit: str = ""
    within: tuple[type, ...] = ()


def in_layer(change: Callable[[keras.layers.Layer, Any], None]) -> Callable[[ParityCase, int, Any], ParityCase]:
    """A `plant` that changes the layer of each model that the case makes."""

    def plant(case: ParityCase, index: int, value: Any) -> ParityCase:
        def wrong() -> keras.Model:
            model = case.keras_model()
            change(sublayers(model)[index], value)
            return model

        return replace(case, keras_model=wrong)

    return plant


def around_call(make: Callable[[Callable, keras.layers.Layer, Any], Callable]) -> Callable:
    """A `plant` that puts a function, made of the layer's call, the layer and the value, in place of the call."""

    def change(layer: keras.layers.Layer, value: Any) -> None:
        layer.call = make(layer.call, layer, value)

    return in_layer(change)


def of(classes: Any, *values: Any) -> Callable[[Site], Sequence[Any]]:
    """These values, or None alone, for layers of these classes."""
    return lambda site: (values or (None,)) if isinstance(site.layer, classes) else ()


def words(*alternatives: str) -> Callable[[Any], Sequence[Sequence[str]]]:
    """A cause that has one of these words."""
    return lambda value: [alternatives]
