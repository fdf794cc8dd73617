"""The layout of a Keras 2 weight file, read as the untrusted data that it is.

The root's attribute `layer_names` lists the layers in the model's order; each has a group of that name, whose attribute
`weight_names` lists paths of its datasets, such as `lstm/lstm_cell/kernel:0`. A file of `model.save` has the same below
`model_weights`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from tfvc.weights.errors import WeightError

# Far above any model here; a file that goes beyond is not one of theirs.
_MOST_OBJECTS, _DEEPEST, _LONGEST_ATTRIBUTE = 10_000, 16, 1 << 20


@dataclass(frozen=True)
class StoredLayer:
    """A layer that has weights.

    Attributes:
        name: Keras's name of it.
        weights: role -> the array, still in the file. A role is the weight's own name (`kernel`), behind `forward/` or
            `backward/` inside a bidirectional layer and behind `data_dep_init/` in the copy that tensorflow-addons
            keeps for its data-dependent start.
    """

    name: str
    weights: dict[str, h5py.Dataset]


@contextmanager
def open_keras2_file(path: Path) -> Iterator[list[StoredLayer]]:
    """The layers with weights of a file, in its order; no array is read yet.

    Raises:
        WeightError: if the file is missing, damaged, of another kind, or says anything that its arrays do not bear out.
    """
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    with ExitStack() as stack:
        with _told(path):
            layers = _layers(stack.enter_context(h5py.File(path, "r")), path)
        yield layers


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the h5 library finds wrong with a file, in one line."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightError(f"{path}: truncated, damaged or not an h5 file ({first})") from None


def _layers(file: h5py.File, path: Path) -> list[StoredLayer]:
    root = file
    if "layer_names" not in file.attrs and "model_weights" in _members(file, path):
        root = file["model_weights"]  # written by `model.save`
    if "layer_names" not in root.attrs:
        raise WeightError(f"{path}: not a weight file of Keras 2: it has no list of layers (`layer_names`)")
    arrays = _arrays(root, path)
    layers = []
    for name in _names(root, "layer_names", path):
        weights = {}
        for weight in _names(root[name], "weight_names", path):
            array, role = arrays.pop(f"{name}/{weight}", None), _role(weight)
            if array is None or role in weights:
                raise WeightError(f"{path}: {name} lists {weight}, which is not there, or twice")
            weights[role] = array
        if weights:
            layers.append(StoredLayer(name, weights))
    if arrays:
        raise WeightError(f"{path}: {next(iter(arrays))} belongs to none of the layers that the file lists")
    return layers


def _role(weight: str) -> str:
    """`bidirectional/forward_lstm/lstm_cell/kernel:0` -> `forward/kernel`."""
    *scopes, name = weight.removesuffix(":0").split("/")
    for scope in scopes:
        for prefix in ("forward", "backward"):
            if scope.startswith(f"{prefix}_"):
                return f"{prefix}/{name}"
    return f"data_dep_init/{name}" if "data_dep_init" in scopes else name


def _names(group: h5py.Group, attribute: str, path: Path) -> list[str]:
    stored = group.attrs.get_id(attribute)
    if len(stored.shape) != 1 or stored.shape[0] * stored.dtype.itemsize > _LONGEST_ATTRIBUTE:
        raise WeightError(f"{path}: {attribute} of {group.name} is no list of names")
    names = [name.decode() if isinstance(name, bytes) else name for name in group.attrs[attribute]]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise WeightError(f"{path}: {attribute} of {group.name} is no list of names")
    return names


def _arrays(root: h5py.Group, path: Path) -> dict[str, h5py.Dataset]:
    """Every dataset below, by its path. Only what lies in the file itself: h5 can also point elsewhere."""
    found, waiting, seen = {}, [("", root, 0)], 0
    while waiting:
        prefix, group, depth = waiting.pop()
        members = _members(group, path)
        seen += len(members)
        if seen > _MOST_OBJECTS or depth > _DEEPEST:
            raise WeightError(f"{path}: holds more groups than any model here has layers")
        for name in members:
            item = group[name]
            if isinstance(item, h5py.Group):
                waiting.append((f"{prefix}{name}/", item, depth + 1))
            elif not isinstance(item, h5py.Dataset) or item.is_virtual or item.external:
                raise WeightError(f"{path}: {prefix}{name} is no array of this file")
            else:
                found[f"{prefix}{name}"] = item
    return found


def _members(group: h5py.Group, path: Path) -> list[str]:
    if len(group) > _MOST_OBJECTS:
        raise WeightError(f"{path}: holds more groups than any model here has layers")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise WeightError(f"{path}: {name} points elsewhere; only arrays in the file itself are read")
    return list(group)


def read(array: h5py.Dataset, path: Path) -> np.ndarray:
    """An array whose shape has been checked."""
    with _told(path):
        return np.asarray(array[()])
