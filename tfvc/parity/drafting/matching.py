"""Which torch module a Keras layer may be, by the names and shapes of its weights in torch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from tfvc.parity.private_parts import direct_variables, sublayers
from tfvc.parity.tracing.pairing import keras_path
from tfvc.weights import Entry, WeightError, entries_of


@dataclass(frozen=True)
class Match:
    """A torch module and what it may be in Keras.

    Attributes:
        path: of the module.
        layers: by name or by attributes from the model; several where one torch module is a stack.
        alike: how many layers that were left would have fitted as well; above 1 the order has decided.
    """

    path: str
    layers: tuple[str, ...]
    alike: int


@dataclass(frozen=True)
class Matching:
    """What was paired, and what was left over.

    Attributes:
        matches: in torch's order.
        modules: what of torch is in no match: modules with their class, or parameters.
        layers: Keras layers with weights that are in no match, with their class.
    """

    matches: list[Match]
    modules: list[str]
    layers: list[str]


def match(module: Any, model: keras.layers.Layer) -> Matching:
    """Pairs the modules with weights of a torch model with the layers of a Keras model, both in their order."""
    left = [layer for layer in _in_order(model) if _signature([layer]) or direct_variables(layer)]
    matches: list[Match] = []
    inside: list[str] = []
    for path, part in module.named_modules():
        wanted = {key: tuple(value.shape) for key, value in part.state_dict().items()}
        if not wanted or any(path.startswith(prefix) for prefix in inside):
            continue
        found = list(_fitting(wanted, left, getattr(part, "num_layers", 1)))
        if found:
            chosen = found[0]
            matches.append(Match(path, tuple(_called(model, layer) for layer in chosen), len(found)))
            within = {id(inner) for layer in chosen for inner in sublayers(layer)}
            left = [layer for layer in left if id(layer) not in within]
            inside.append(f"{path}." if path else "")
    paths = {one.path for one in matches}
    modules = [
        name
        for path, part in module.named_modules()
        if path not in paths and not any(path.startswith(prefix) for prefix in inside)
        for name in _own_weights(path, part)
    ]
    lonely = [layer for layer in left if direct_variables(layer)]
    return Matching(matches, modules, [f"{_called(model, layer)} ({type(layer).__name__})" for layer in lonely])


def _in_order(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers with weights, in the order of the weights: that in which they were made, outer layers first."""
    position = {id(variable): i for i, variable in enumerate(model.weights)}
    layers = [layer for layer in sublayers(model) if layer.weights]
    return sorted(layers, key=lambda layer: (min(position.get(id(v), 0) for v in layer.weights), -len(layer.weights)))


def _fitting(
    wanted: Mapping[str, tuple[int, ...]], layers: Sequence[keras.layers.Layer], depth: Any
) -> Iterator[list[keras.layers.Layer]]:
    """The layers, or for a stack runs of layers, whose weights are a module's in name and shape."""
    depth = depth if isinstance(depth, int) else 1
    for start, first in enumerate(layers):
        for chain in ([first], _run_of(layers[start:], depth)):
            signature = _signature(chain)
            if signature is None:
                continue
            shapes, optional = signature
            if {key: shape for key, shape in wanted.items() if key not in optional} == shapes:
                yield chain
                break


def _run_of(layers: Sequence[keras.layers.Layer], count: int) -> list[keras.layers.Layer]:
    """The first layers of which none lies in another."""
    chain: list[keras.layers.Layer] = []
    inside: set[int] = set()
    for layer in layers:
        if id(layer) not in inside and len(chain) < count:
            chain.append(layer)
            inside |= {id(inner) for inner in sublayers(layer)}
    return chain


def _signature(chain: Sequence[keras.layers.Layer]) -> tuple[dict[str, tuple[int, ...]], set[str]] | None:
    """Torch's keys with their shapes, and the keys that Keras has no variable for; None for an unknown kind."""
    shapes: dict[str, tuple[int, ...]] = {}
    optional: set[str] = set()
    for index, layer in enumerate(chain):
        try:
            declared = entries_of("", layer, index)
        except WeightError:
            return None
        for item in declared:
            if isinstance(item, Entry):
                shapes |= dict(zip(item.keys, item.torch_shapes, strict=True))
            elif key := getattr(item, "key", None):
                optional.add(key)
    return (shapes, optional) if shapes else None


def _own_weights(path: str, module: Any) -> list[str]:
    """What to call the weights of a module that are of none in it: the module, or one by one beside modules in it."""
    keys = [key for key in module.state_dict() if "." not in key]
    if not keys:
        return []
    if path and not any(True for _ in module.children()):
        return [f"{path} ({type(module).__name__})"]
    return [f"{path}.{key}" if path else key for key in keys]


def _called(model: keras.layers.Layer, layer: keras.layers.Layer) -> str:
    """A layer's name where it is the only one of that name, else the attributes that lead to it, or its path."""
    if [other.name for other in sublayers(model)].count(layer.name) == 1:
        return layer.name
    return next((path for path, found in _attributes(model, "", set()) if found is layer), keras_path(layer))


def _attributes(holder: Any, path: str, seen: set[int]) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The layers in a layer or a list, by attributes and indices."""
    if id(holder) in seen:
        return
    seen.add(id(holder))
    if isinstance(holder, (list, tuple)):
        parts = [(str(index), value) for index, value in enumerate(holder)]
    else:
        parts = [(name, value) for name, value in vars(holder).items() if not name.startswith("_")]
    for name, value in parts:
        inner = f"{path}.{name}" if path else name
        if isinstance(value, keras.layers.Layer):
            yield inner, value
        if isinstance(value, (keras.layers.Layer, list, tuple)):
            yield from _attributes(value, inner, seen)
