"""Weights that have no place in the other model."""

from collections.abc import Sequence
from typing import Any

import keras

from tfvc.parity.diagnosis.single_layer import MOST
from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.layer import CULPRIT, Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.tracing.pairing import keras_path


def diagnose_sizes(models: FourModels, rows: Sequence[Row]) -> tuple[list[Layer], list[Diagnosis]]:
    """The layers of weights that do not fit, and why: the first is the culprit, and no other layer can be run."""
    modules = dict(models.torch64.module.named_modules())
    entries = {entry.name: entry for entry in models.keras64.entries}
    owners: dict[str, Layer] = {}
    for row in rows:
        entry = entries[row.key]
        path = max((p for p in modules if not p or entry.keys[0].startswith(f"{p}.")), key=len)
        if path not in owners:
            layer = _owner(models.keras64.layers, entry.variables[0])
            names = type(modules[path]).__name__, keras_path(layer), type(layer).__name__
            owners[path] = Layer(path, *names, paired_by="weights", verdict=CULPRIT)
        owners[path].local_forward.append(row)
    layers = list(owners.values())
    return layers, [_diagnosis(layers, layer, modules[layer.path]) for layer in layers[:MOST]]


def _owner(layers: Sequence[keras.layers.Layer], variable: keras.Variable) -> keras.layers.Layer:
    """The smallest layer around a variable; of a cell the layer that it is in."""
    around = [layer for layer in layers if any(v is variable for v in layer.weights)]
    owner = min(around, key=lambda layer: len(layer.weights))
    larger = (layer for layer in around if len(layer.weights) > len(owner.weights) and "Cell" in type(owner).__name__)
    return next(larger, owner)


def _diagnosis(layers: Sequence[Layer], layer: Layer, module: Any) -> Diagnosis:
    row = layer.local_forward[0]
    cause = f"The layer has another size than torch's: {row.reason} (for {row.key})."
    fix = f"Give the Keras layer torch's size{_units(module)}"
    fix += "; the bottleneck must be the same on both sides." if hasattr(module, "hidden_size") else "."
    if len(layers) > 1 and layer is layers[0]:
        fix += f" {len(layers) - 1} layers behind it have the wrong size too."
    return Diagnosis(layer.name, Fault.LAYER, layer.keras_path, row, "size", cause, fix)


def _units(module: Any) -> str:
    known = ("hidden_size", "out_features", "out_channels", "num_features", "embedding_dim")
    return "".join(f", {name} {getattr(module, name)}" for name in known if hasattr(module, name))
