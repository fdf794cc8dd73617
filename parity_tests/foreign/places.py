"""Where a report must say that a bug is: computed from the right pair, not written down."""

from collections.abc import Iterable
from itertools import takewhile

from parity_tests.foreign.planting.draw import KINDS, Bug, sites
from parity_tests.foreign.planting.kind import Kind, Site
from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.layer import UNPAIRED, Layer
from tfvc.parity.private_parts import sublayers
from tfvc.weights import Entry

WHOLE = "the whole model"


def right_places(bug: Bug, layers: Iterable[Layer]) -> list[str]:
    """The culprits that are right, as torch's paths; `path.*` stands for what is between the layers in `path`.

    That is the pair of the layer, or if it has none the module of the smallest block around it. Where what is wrong
    stands outside of the layer in torch, as the activation of a Dense does, the modules around it are right too; so
    they are for a layer without weights, which lies between its neighbours.

    Args:
        bug: the bug.
        layers: of the report of the right pair.
    """
    kind, found = KINDS[bug.kind], sites(bug.pair)
    if kind.culprit:
        return [kind.culprit]
    pairs = {layer.path: layer.keras_path for layer in layers if layer.verdict != UNPAIRED}
    both = [bug.index, bug.value] if bug.kind == "weights of another layer" else [bug.index]
    places: list[str] = []
    inner = [i for i, other in enumerate(found) if _does(kind, found[bug.index], other)]
    for site in (found[index] for index in [*both, *inner]):
        exact = [path for path, keras_path in pairs.items() if site.path in keras_path.split(" + ")]
        places += exact
        if kind.around or not exact:
            places += [*_block_around(site, found), *_modules_around(site, found)]
    return list(dict.fromkeys(place or WHOLE for place in places))


def is_right(found: Diagnosis | None, places: list[str], layers: Iterable[Layer] = ()) -> bool:
    """Whether a diagnosis names one of these places.

    Where torch cuts finer than Keras, what lies between layers is right in a module that Keras has not, if the smallest
    around it that Keras has is.

    Args:
        found: the diagnosis.
        places: that are right.
        layers: of the report of the right pair.
    """
    if found is None:
        return False
    between = found.kind is Fault.BETWEEN_LAYERS
    if between and found.culprit not in places:
        pairs = [layer.path for layer in layers if layer.verdict != UNPAIRED and layer.path]
        around = [path for path in pairs if f"{found.culprit}.".startswith(f"{path}.")]
        if around and found.culprit not in pairs and max(around, key=len) in places:
            return True
    return any(
        between and found.culprit.startswith(place[:-1]) if place.endswith(".*") else found.culprit == place
        for place in places
    )


def _does(kind: Kind, site: Site, inner: Site) -> bool:
    """Whether a layer in that of the bug does what is wrong."""
    return bool(kind.within) and isinstance(inner.layer, kind.within) and inner is not site and _holds(site, inner)


def _block_around(site: Site, found: list[Site]) -> list[str]:
    """The torch module of the smallest Keras layer around it that has one, and what lies between its layers."""
    around = [
        (len(sublayers(other.layer)), module)
        for other in found[1:]
        if other is not site and (module := _common(_keys(other))) and _holds(other, site)
    ]
    return [min(around)[1], f"{min(around)[1]}.*"] if around else []


def _holds(outer: Site, inner: Site) -> bool:
    return any(part is inner.layer for part in sublayers(outer.layer))


def _modules_around(site: Site, found: list[Site]) -> list[str]:
    """The torch modules that hold the layer's weights, or those of its neighbours."""
    keys = _keys(site)
    if keys:
        module = _common(keys)
        return [module, module.rpartition(".")[0]] if module else []
    order = list(getattr(found[0].layer, "layers", []))
    if not any(site.layer is layer for layer in order):
        return []
    at = order.index(site.layer)
    of_layers = {id(other.layer): _keys(other) for other in found}
    before = next((k for layer in order[at::-1] if (k := of_layers.get(id(layer)))), [])
    after = next((k for layer in order[at:] if (k := of_layers.get(id(layer)))), [])
    parents = [_common(side).rpartition(".")[0] for side in (before, after) if side]
    return [*parents, _common([*before, *after])]


def _keys(site: Site) -> list[str]:
    """Torch's keys of a layer's weights."""
    items = [site.declared.get(id(variable)) for variable in site.layer.weights]
    return [key for item in items if isinstance(item, Entry) for key in item.keys]


def _common(keys: list[str]) -> str:
    """The module that has all these keys."""
    parts = [key.split(".")[:-1] for key in keys]
    return ".".join(names[0] for names in takewhile(lambda names: len(set(names)) == 1, zip(*parts, strict=False)))
