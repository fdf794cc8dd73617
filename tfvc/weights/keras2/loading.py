"""Keras 2 weight files into a model: all of it fits, or nothing changes."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import h5py
import keras
import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.keras2.file import StoredLayer, open_keras2_file, read
from tfvc.weights.keras2.kinds import BATCH_NORM, WEIGHT_NORM, ExpectedLayer

Stored = list[StoredLayer]
Expected = list[ExpectedLayer]


def load_keras2_files(model: keras.Model, paths: Sequence[Path]) -> int:
    """Takes the weights in files of Keras 2, one a network, into a model; what is in a file says which network it is.

    Args:
        model: its `keras2_layers` says what its layers are in Keras 2's files.
        paths: of the files, in any order.

    Returns:
        How many arrays were taken.

    Raises:
        WeightError: naming the file and what is missing, left over or of another shape in it; the model is as it was.
    """
    expected = keras2_layers(model)
    _check_every_variable_has_one_place(model, expected)
    if len(set(paths)) != len(expected):
        wanted = f"one file each of {', '.join(expected)}"
        raise WeightError(f"{model.name_in_presets} wants {wanted}; received {len(set(paths))} files")
    with ExitStack() as files:
        stored = _by_network({path: files.enter_context(open_keras2_file(path)) for path in paths}, expected)
        for network, (path, layers) in stored.items():
            _check(path, layers, expected[network])
        values = [
            (place.variable, place.convert(read(layer.weights[role], path).astype(place.variable.dtype)))
            for network, (path, layers) in stored.items()
            for layer, ours in zip(layers, expected[network], strict=True)
            for role, place in ours.places.items()
        ]
    for variable, value in values:
        variable.assign(value)
    for layers in expected.values():
        for layer in layers:
            for variable in layer.zeros:
                variable.assign(np.zeros(variable.shape, variable.dtype))
    return len(values)


def keras2_layers(model: keras.Model) -> dict[str, Expected]:
    """Network -> its layers as Keras 2 stored them, in its order; each network is a file.

    Raises:
        WeightError: if the model is of a kind that has no such files.
    """
    layers = getattr(type(model), "keras2_layers", None)
    if layers is None:
        raise WeightError(f"{model.name}: no Keras 2 files of a {type(model).__name__} are known")
    return layers(model)


def _check_every_variable_has_one_place(model: keras.Model, expected: dict[str, Expected]) -> None:
    layers = [layer for of_network in expected.values() for layer in of_network]
    uses = Counter(id(place.variable) for layer in layers for place in layer.places.values())
    uses.update(id(variable) for layer in layers for variable in layer.zeros)
    for variable in model.weights:
        if uses[id(variable)] != 1:
            times = uses[id(variable)]
            raise WeightError(f"{model.name}: Keras 2's layers name {variable.path} {times} times, not once")


def _by_network(files: dict[Path, Stored], expected: dict[str, Expected]) -> dict[str, tuple[Path, Stored]]:
    """Which file has which network, by the kinds of their layers."""
    found: dict[str, tuple[Path, Stored]] = {}
    for path, layers in files.items():
        mismatches = {network: _first_mismatch(layers, ours) for network, ours in expected.items()}
        network = next((name for name, mismatch in mismatches.items() if mismatch is None), None)
        if network is None:
            # What it is like for longest is what it was meant to be.
            likeliest = max(mismatches, key=lambda name: mismatches[name][0])
            raise WeightError(f"{path}: not this model's {likeliest}: {mismatches[likeliest][1]}")
        if network in found:
            raise WeightError(f"{path}: a second {network} beside {found[network][0]}; give one file of each network")
        found[network] = (path, layers)
    return found


def _first_mismatch(stored: Stored, expected: Expected) -> tuple[int, str] | None:
    """How many layers are alike in kind before one is not, and what that one is."""
    for i, (layer, ours) in enumerate(zip(stored, expected, strict=False)):
        if layer.weights.keys() - ours.unused.keys() != set(ours.roles):
            found, wanted = ", ".join(layer.weights), ", ".join(ours.roles)
            return i, f"layer {layer.name} holds {found}, where a {ours.kind} with {wanted} is expected"
    if len(stored) != len(expected):
        return min(len(stored), len(expected)), f"it has {len(stored)} layers with weights, not {len(expected)}"
    return None


def _check(path: Path, stored: Stored, expected: Expected) -> None:
    """Shapes and types, by the file's own index; no array but flags is read."""
    _refuse_normalised_time(path, stored, expected)
    for layer, ours in zip(stored, expected, strict=True):
        shapes = ours.unused | {role: place.shape for role, place in ours.places.items()}
        for role, array in layer.weights.items():
            if role not in shapes:
                continue  # the flag
            if array.shape != shapes[role]:
                raise WeightError(
                    f"{path}: {role} of {layer.name} has shape {array.shape}, the model's {ours.kind} wants "
                    f"{shapes[role]}; name the architecture that was saved (--preset, --set)"
                )
            if array.dtype.kind != "f":
                raise WeightError(f"{path}: {role} of {layer.name} is {array.dtype}, not floating point")
        if ours.kind == WEIGHT_NORM:
            _check_started(path, layer)


def _check_started(path: Path, layer: StoredLayer) -> None:
    flag: h5py.Dataset = layer.weights["initialized"]
    if flag.shape != () or flag.dtype != bool:
        raise WeightError(f"{path}: initialized of {layer.name} is {flag.dtype} {flag.shape}, not one truth value")
    if not read(flag, path):
        raise WeightError(
            f"{path}: {layer.name} was never called, so its g is no length yet; call the model once and save it again"
        )


def _refuse_normalised_time(path: Path, stored: Stored, expected: Expected) -> None:
    channels = None
    for layer, ours in zip(stored, expected, strict=True):
        if ours.kind == BATCH_NORM:
            length = layer.weights["gamma"].shape
            if length != channels:
                raise WeightError(
                    f"{path}: {layer.name} normalises the time axis, not channels: its vectors are as long as the "
                    f"crop, {length[0] if length else 1} frames, behind a convolution of {channels[0]} channels. "
                    "BatchNormalization() stood behind a transpose, where the last axis is time. That network is no "
                    "AutoVC and takes no other number of frames; train one whose batch norm is on the channels"
                )
        else:
            channels = layer.weights["kernel"].shape[-1:] if "kernel" in layer.weights else None
