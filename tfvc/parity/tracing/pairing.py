"""Which Keras layer is which torch module.

A pair is a torch module and a Keras layer that hold the same weights, at every level: the convolution, the block
it lies in, the encoder, the model. The weight map of a case says which weights are the same; a table may name pairs
outright. Layers without weights are paired where, between the same two pairs, both models call the same kinds in the
same order. All else is listed as unpaired.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import keras

from tfvc.parity.findings.layer import UNPAIRED, Layer
from tfvc.parity.layer_table import LayerTable
from tfvc.parity.private_parts import direct_variables, sublayers
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing.kinds import PADDING, keras_kind, torch_kind
from tfvc.weights import Entry, Tied
from tfvc.weights.layer_kinds import is_known


@dataclass(frozen=True)
class Pair:
    """A torch module and the Keras layers that it equals; several are a chain.

    Attributes:
        path: of the torch module.
        layers: indices into `sublayers(model)`, the same for every model of the case's factory.
        keys: torch's weight keys in it.
        paired_by: "weights", "table" or "position".
        parent: path of the smallest pair around it.
        leaf: whether no other pair lies in it.
    """

    path: str
    layers: tuple[int, ...]
    keys: frozenset[str]
    paired_by: str
    parent: str | None = None
    leaf: bool = True


@dataclass(frozen=True)
class Pairing:
    """The pairs of two models, and what is in none."""

    pairs: list[Pair]
    unpaired: list[Layer]

    def find(self, path: str) -> Pair | None:
        return next((pair for pair in self.pairs if pair.path == path), None)


def pair_up(
    module: Any,
    model: keras.layers.Layer,
    entries: Sequence[Entry],
    table: LayerTable | None,
    torch_calls: list[Call],
    keras_calls: list[Call],
) -> Pairing:
    """Pairs the modules of a torch module with the layers of a Keras model.

    Args:
        module, model: the two.
        entries: the weight entries of the model.
        table: the case's table, if it has one.
        torch_calls, keras_calls: every call in one run of each.
    """
    layers = sublayers(model)
    index = {id(layer): i for i, layer in enumerate(layers)}
    modules = dict(module.named_modules())
    first = {key: entry.keys[0] for entry in entries if isinstance(entry.keys_as, Tied) for key in entry.keys}
    of_layer, of_module = _keys_of_layers(layers, entries, first), _keys_of_modules(modules, entries)
    held = {path: frozenset(first.get(key, key) for key in keys) for path, keys in of_module.items()}
    pairs: dict[str, Pair] = {}
    if table is not None:
        for path, named in table.resolve(model).items():
            chain = tuple(index[id(layer)] for layer in named)
            pairs[path] = Pair(path, chain, of_module.get(path, frozenset()), "table")
    ran = Counter(id(call.owner) for call in torch_calls), Counter(id(call.owner) for call in keras_calls)
    taken = {held.get(path) for path in pairs}
    candidates = [path for path in held if not is_bypassed(path, modules, ran[0])]
    for keys, group in groupby(sorted(candidates, key=lambda p: (sorted(held[p]), p)), key=held.get):
        if not keys or keys in taken:
            continue
        # Of modules with tied weights the one that has the first key.
        path = max(group, key=lambda p: (ran[0][id(modules[p])] > 0, keys <= of_module[p], p.count(".") + bool(p)))
        holding = [i for i in range(len(layers)) if of_layer[i] == keys]
        best = _best(holding, layers, ran[0][id(modules[path])], ran[1])
        if best is not None:
            pairs[path] = Pair(path, (best,), of_module[path], "weights")
    order = {id(call.owner): i for i, call in reversed(list(enumerate(torch_calls)))}
    found = [_placed(pair, list(pairs.values())) for pair in pairs.values()]
    by_position, unpaired = _by_position(found, modules, layers, torch_calls, keras_calls)
    found = [*found, *by_position]
    unpaired = [*_without_pair(found, modules, layers, entries, first), *unpaired]
    found.sort(key=lambda pair: order.get(id(modules[pair.path]), len(order)))
    return Pairing(found, unpaired)


def _keys_of_layers(
    layers: list[keras.layers.Layer], entries: Sequence[Entry], first: Mapping[str, str]
) -> list[frozenset[str]]:
    """The keys that each layer holds, of tied ones the first; those that it holds in part no module has so."""
    owners = {id(variable): entry for entry in entries for variable in entry.variables}
    found = []
    for layer in layers:
        counts = Counter(owners[id(v)] for v in layer.weights if id(v) in owners)
        parts = {entry: "" if count == len(entry.variables) else " (in part)" for entry, count in counts.items()}
        found.append(frozenset(first.get(key, key) + part for entry, part in parts.items() for key in entry.keys))
    return found


def _keys_of_modules(modules: dict[str, Any], entries: Sequence[Entry]) -> dict[str, frozenset[str]]:
    known = [key for entry in entries for key in entry.keys]
    return {path: frozenset(k for k in known if not path or k.startswith(f"{path}.")) for path in modules}


def is_bypassed(path: str, modules: dict[str, Any], ran: Counter) -> bool:
    """Whether a module of torch's own takes the weights of this one, in it, and does not call it.

    As `nn.MultiheadAttention` does with its output projection: the two are compared as one.
    """
    around = modules[path.rpartition(".")[0]]
    of_torch = type(around).__module__.startswith("torch.nn.modules.")
    return bool(path) and of_torch and ran[id(around)] > 0 and not ran[id(modules[path])]


def _best(candidates: list[int], layers: list, calls: int, ran: Counter) -> int | None:
    """Of layers that hold the same weights (as a wrapper and its layer): of a known kind, else the innermost called."""
    known = [i for i in candidates if is_known(layers[i]) or isinstance(layers[i], keras.layers.RNN)]
    if known:
        return known[0]
    as_often = [i for i in candidates if ran[id(layers[i])] == calls and calls > 0]
    return next(iter(as_often[::-1] or candidates[::-1]), None)


def _placed(pair: Pair, pairs: list[Pair]) -> Pair:
    """The pair, knowing what lies around it and whether anything lies in it."""
    around = [p for p in pairs if p.path != pair.path and (pair.keys < p.keys or (not pair.keys and not p.path))]
    parent = min(around, key=lambda p: len(p.keys), default=None)
    leaf = not any(p.keys and p.keys < pair.keys for p in pairs)
    return replace(pair, parent=parent.path if parent else None, leaf=leaf)


def _by_position(
    pairs: list[Pair], modules: dict[str, Any], layers: list, torch_calls: list[Call], keras_calls: list[Call]
) -> tuple[list[Pair], list[Layer]]:
    """Pairs of layers without weights, and those that have no counterpart."""
    paths = {id(module): path for path, module in modules.items()}
    index = {id(layer): i for i, layer in enumerate(layers)}
    leaves = {pair.path: pair for pair in pairs if pair.leaf}
    by_layer = {pair.layers[-1]: pair.path for pair in leaves.values()}
    theirs = [(paths.get(id(c.owner)), torch_kind(c.owner), c) for c in torch_calls]
    of_known = {id(inner) for pair in leaves.values() for inner in _inside_known(layers[pair.layers[-1]])}
    ours = [
        (by_layer.get(index.get(id(c.owner))), keras_kind(c.owner), c)
        for c in keras_calls
        if id(c.owner) not in of_known
    ]
    theirs = [(path if path in leaves else None, kind, c) for path, kind, c in theirs if path in leaves or kind]
    ours = [(path, kind, c) for path, kind, c in ours if path is not None or kind]
    found: list[Pair] = []
    unpaired: list[Layer] = []
    mine, other = _segments(theirs), _segments(ours)
    anchored = [anchor for anchor, _ in mine] == [anchor for anchor, _ in other]
    matches: dict[tuple[str, int], str | None] = {}
    for (anchor, torch_ones), (_, keras_ones) in zip(mine, other, strict=True) if anchored else []:
        if [kind for kind, _ in torch_ones] != [kind for kind, _ in keras_ones]:
            (torch_ones, left), (keras_ones, right) = _without_padding(torch_ones, keras_ones)
            why = "it pads for the layer behind it, and is compared with that"
            unpaired += [_unpaired_module(paths[id(c.owner)], c.owner, why) for _, c in left]
            unpaired += [_unpaired_layer(c.owner, why) for _, c in right]
        if [kind for kind, _ in torch_ones] == [kind for kind, _ in keras_ones]:
            for (_, a), (_, b) in zip(torch_ones, keras_ones, strict=True):
                matches.setdefault((paths[id(a.owner)], index[id(b.owner)]), anchor)
        else:
            behind = f"behind {anchor}" if anchor else "at the beginning"
            why = f"{behind} torch has {_listed(torch_ones)}, Keras {_listed(keras_ones)}"
            unpaired += [_unpaired_module(paths[id(c.owner)], c.owner, why) for _, c in torch_ones]
            unpaired += [_unpaired_layer(c.owner, why) for _, c in keras_ones]
    for (path, i), anchor in matches.items():
        others = [match for match in matches if match != (path, i) and (match[0] == path or match[1] == i)]
        if others:
            why = "one module is called where there are several layers, or the other way round"
            unpaired += [_unpaired_module(path, modules[path], why), _unpaired_layer(layers[i], why)]
        elif path not in leaves:
            parent = next((p.parent for p in pairs if p.path == anchor), "")
            found.append(Pair(path, (i,), frozenset(), "position", parent))
    dropped = {layer.path for layer in unpaired if layer.path}
    found = [pair for pair in found if pair.path not in dropped]
    if not anchored:
        why = "the two models call their layers in different orders"
        unpaired += [_unpaired_module(paths[id(c.owner)], c.owner, why) for path, _, c in theirs if path is None]
        unpaired += [_unpaired_layer(c.owner, why) for path, _, c in ours if path is None]
    return found, list({(layer.path, layer.keras_path): layer for layer in unpaired}.values())


def _inside_known(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """What a layer of a known kind is made of, such as the softmax of an attention: it is compared as one."""
    return [inner for inner in sublayers(layer) if inner is not layer] if is_known(layer) else []


def _segments(calls: list[tuple[str | None, str | None, Call]]) -> list[tuple[str | None, list[tuple[str, Call]]]]:
    """Calls without weights, gathered behind each call of a pair."""
    segments: list = [(None, [])]
    for path, kind, call in calls:
        if path is not None:
            segments.append((path, []))
        else:
            segments[-1][1].append((kind, call))
    return segments


def _without_padding(*sides: list[tuple[str, Call]]) -> list[tuple[list[tuple[str, Call]], list[tuple[str, Call]]]]:
    """The calls of each side that do not pad, and those that do; all among the first if the others differ too."""
    parted = [([x for x in side if x[0] != PADDING], [x for x in side if x[0] == PADDING]) for side in sides]
    alike = len({tuple(kind for kind, _ in others) for others, _ in parted}) == 1
    return parted if alike else [(side, []) for side in sides]


def _listed(ones: list[tuple[str, Call]]) -> str:
    return ", ".join(kind for kind, _ in ones) or "none"


def _without_pair(
    pairs: list[Pair],
    modules: dict[str, Any],
    layers: list[keras.layers.Layer],
    entries: Sequence[Entry],
    first: Mapping[str, str],
) -> list[Layer]:
    """Modules and layers that own weights and lie in no pair but in larger ones."""
    in_leaves = {key for pair in pairs if pair.leaf for key in pair.keys}
    known = {key for entry in entries for key in entry.keys}
    found = []
    for path, module in modules.items():
        own = [f"{path}.{name}" if path else name for name, _ in module.named_parameters(recurse=False)]
        if any(key in known and key not in in_leaves for key in own):
            found.append(_unpaired_module(path, module, "no single Keras layer holds its weights"))
    in_leaves |= {first.get(key, key) for key in in_leaves}
    keys = {id(v): {first.get(key, key) for key in entry.keys} for entry in entries for v in entry.variables}
    for layer in layers:
        held = set().union(*(keys.get(id(v), set()) for v in layer.weights)) if direct_variables(layer) else set()
        if not held <= in_leaves:
            found.append(_unpaired_layer(layer, "no single torch module holds its weights"))
    return found


def _unpaired_module(path: str, module: Any, why: str) -> Layer:
    return Layer(path, type(module).__name__, verdict=UNPAIRED, note=why)


def _unpaired_layer(layer: keras.layers.Layer, why: str) -> Layer:
    return Layer("", keras_path=keras_path(layer), keras_class=type(layer).__name__, verdict=UNPAIRED, note=why)


def keras_path(layer: keras.layers.Layer) -> str:
    """Where a layer is, by the names of the layers around it."""
    return getattr(layer, "path", None) or layer.name
