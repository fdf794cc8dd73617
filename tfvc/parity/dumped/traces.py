"""The layers of one side that are worth dumping, and what their calls took and gave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfvc.parity.dumped.header import LayerOf
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.private_parts import sublayers
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing.arguments import alone
from tfvc.parity.tracing.axes import by_kind
from tfvc.parity.tracing.isolated import names
from tfvc.parity.tracing.pairing import is_bypassed, keras_path
from tfvc.weights import Entry
from tfvc.weights.layer_kinds import is_known

# Keras's axes in their order, by rank.
_AXES = {
    rank: ("batch", *space, "channels")
    for rank, space in enumerate(((), ("time",), ("height", "width"), ("depth", "height", "width")), start=2)
}


@dataclass(frozen=True)
class Trace:
    """One call of a layer.

    Attributes:
        path, number: which layer, and which of its calls.
        arrays: what it took and gave, and the gradients that came back; `input`, `output.1`, `gradient of output`.
        axes: names of their axes, where they are known.
    """

    path: str
    number: int
    arrays: Mapping[str, np.ndarray]
    axes: Mapping[str, str]


@dataclass(frozen=True)
class Traced:
    """One layer, or a chain of layers, to dump; `layer` is what the header says of it."""

    layer: LayerOf
    owners: tuple[Any, ...]


def keras_layers(model: keras.Model, entries: Sequence[Entry], table: Any, ran: set[int]) -> list[Traced]:
    """The layers of a Keras model that hold weights, and those that a table names.

    Of several that hold the same weights, as a wrapper and its layer, one: of a known kind, else the innermost.

    Args:
        model, entries: the model, and what its weights are.
        table: of the case, if it is one.
        ran: ids of the layers that were seen to run.
    """
    layers = sublayers(model)
    found: dict[Any, Traced] = {}
    for path, chain in (table.resolve(model) if isinstance(table, LayerTable) else {}).items():
        held = frozenset().union(*(_held(layer, entries) or () for layer in chain))
        name = " + ".join(keras_path(layer) for layer in chain)
        kind = " + ".join(type(layer).__name__ for layer in chain)
        layer = LayerOf(path=name, kind=kind, beside=path, keys=tuple(sorted(held)))
        found[held or path] = Traced(layer, tuple(chain))
    for layer in layers:
        held = _held(layer, entries)
        known = found.get(held)
        better = known is None or (
            known.layer.beside is None
            and not _of_known_kind(known.owners[0])
            and (_of_known_kind(layer) or id(layer) in ran)
        )
        if layer is not model and held and better:
            made = LayerOf(path=keras_path(layer), kind=type(layer).__name__, keys=tuple(sorted(held)))
            found[held] = Traced(made, (layer,))
    return list(found.values())


def torch_layers(module: Any, keys: Mapping[str, Sequence[str]], table: Any, order: Sequence[Any]) -> list[Traced]:
    """The modules of a torch module that hold weights, and those that a table names, in the order of their calls.

    Args:
        module: the whole.
        keys: name of a weight that both sides share -> torch's keys of it.
        table: of the case, if it is one.
        order: the modules that were called, in this order.
    """
    modules = {path: one for path, one in module.named_modules() if path}
    ran = {id(one): i for i, one in reversed(list(enumerate(order)))}
    found: dict[Any, Traced] = {}
    named = set(table.layers) if isinstance(table, LayerTable) else set()
    for path, one in sorted(modules.items(), key=lambda item: (item[0] not in named, -item[0].count("."))):
        held = frozenset(name for name, of in keys.items() if all(key.startswith(f"{path}.") for key in of))
        bypassed = path not in named and is_bypassed(path, {"": module, **modules}, _Ran(ran))
        if (held or path in named) and (held or path) not in found and id(one) in ran and not bypassed:
            made = LayerOf(path=path, kind=type(one).__name__, keys=tuple(sorted(held)))
            found[held or path] = Traced(made, (one,))
    return sorted(found.values(), key=lambda one: ran[id(one.owners[0])])


class _Ran(dict):
    """How often something ran, as far as it matters: id -> 1 if it did."""

    def __init__(self, ran: Mapping[int, int]):
        super().__init__(dict.fromkeys(ran, 1))

    def __missing__(self, key: int) -> int:
        return 0


def traces(traced: Sequence[Traced], calls: Sequence[Call], of_torch: bool) -> Iterator[Trace]:
    """What these layers took and gave in a pass, by layer.

    Args:
        traced: the layers.
        calls: of a pass.
        of_torch: whether they are modules of torch.
    """
    by_owner = {(id(call.owner), call.number): call for call in calls}
    for one in traced:
        numbers = [number for owner, number in by_owner if owner == id(one.owners[0])]
        for number in numbers:
            chain = [by_owner.get((id(owner), number)) for owner in one.owners]
            if all(chain):
                yield _trace(one.layer.path, number, chain[0], chain[-1], of_torch)


def _trace(path: str, number: int, first: Call, last: Call, of_torch: bool) -> Trace:
    inputs = alone(first, "forward" if of_torch else "call").inputs
    count = 1 if _gives_states(last.owner, of_torch) else len(last.outputs)
    arrays = dict(zip(names("input", len(inputs)), map(np.asarray, inputs), strict=True))
    arrays |= dict(zip(names("output", count), map(np.asarray, last.outputs[:count]), strict=True))
    for name, gradient in zip(names("gradient of output", count), last.cotangents, strict=False):
        if gradient is not None:
            arrays[name] = np.asarray(gradient)
    owner = {name: first.owner if name.startswith("input") else last.owner for name in arrays}
    axes = {name: _axes(owner[name], x.ndim, of_torch) for name, x in arrays.items()}
    return Trace(path, number, arrays, {name: names for name, names in axes.items() if names})


def _gives_states(owner: Any, of_torch: bool) -> bool:
    """Whether its outputs behind the first are states or attention weights, which the frameworks give differently."""
    if of_torch:
        from torch import nn

        return isinstance(owner, (nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention))
    kinds = (keras.layers.RNN, keras.layers.Bidirectional, keras.layers.MultiHeadAttention)
    return isinstance(owner, kinds) or hasattr(owner, "state_size")


def _axes(owner: Any, rank: int, of_torch: bool) -> str | None:
    """The names of a tensor's axes, Keras's where channels are last, torch's where its kind of module says them."""
    if rank not in _AXES or getattr(owner, "data_format", None) == "channels_first":
        return None
    order = by_kind(owner, rank) if of_torch else tuple(range(rank))
    if order is None:
        return None
    return " ".join(_AXES[rank][order.index(axis)] for axis in range(rank))


def _held(layer: keras.layers.Layer, entries: Sequence[Entry]) -> frozenset[str]:
    """The weights that a layer holds; none if it holds one in part."""
    mine = {id(variable) for variable in layer.weights}
    counts = {entry: sum(id(variable) in mine for variable in entry.variables) for entry in entries}
    if any(0 < count < len(entry.variables) for entry, count in counts.items()):
        return frozenset()
    return frozenset(entry.name for entry, count in counts.items() if count)


def _of_known_kind(layer: keras.layers.Layer) -> bool:
    return is_known(layer) or isinstance(layer, keras.layers.RNN)
