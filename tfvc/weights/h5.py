"""Keras `.weights.h5` files: of presets (optionally in half precision) and of AutoVC's three networks."""

import os
import tempfile
from pathlib import Path

import h5py
import keras
import numpy as np

from tfvc.common.atomic import atomic_file
from tfvc.weights.errors import WeightError


def save_weights(model: keras.Model, path: str | os.PathLike, half: bool = False) -> None:
    """Writes what `keras.Model.load_weights` reads, without the optimizer that a compiled model carries.

    Args:
        model: a built model.
        path: must end in `.weights.h5`.
        half: store kernels (two axes and more) as float16; vectors stay as they are.
    """
    with tempfile.TemporaryDirectory() as scratch, atomic_file(path) as packed:
        whole = Path(scratch) / "model.weights.h5"
        model.save_weights(whole)
        with h5py.File(whole, "r") as source, h5py.File(packed, "w") as target:
            _copy(source, target, half)


def load_weights(model: keras.Model, path: str | os.PathLike) -> None:
    """Reads a `.weights.h5` into a built model.

    Raises:
        WeightError: if the file is missing, damaged, larger than the model, or of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    expected = sum(int(np.prod(variable.shape)) for variable in model.weights)
    try:
        found = count_elements(path)
        if found != expected:
            raise WeightError(f"{path}: holds {found:,} numbers, the model has {expected:,}; it is of another model")
        model.load_weights(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise WeightError(f"{path}: not this model's weights, or damaged ({lines[0] if lines else error!r})") from None


def count_elements(path: Path) -> int:
    """Numbers of the network in a `.weights.h5`, by the file's own index; nothing is read into memory."""
    total = 0

    def add(name, item):
        nonlocal total
        if isinstance(item, h5py.Dataset) and not _is_of_training(name):
            total += item.size

    with h5py.File(path, "r") as file:
        file.visititems(add)
    return total


def _copy(source: h5py.File, target: h5py.File, half: bool) -> None:
    def add(name, item):
        if _is_of_training(name):
            return
        if isinstance(item, h5py.Group):
            copied = target.require_group(name)
        else:
            narrow = half and item.ndim >= 2 and item.dtype == np.float32
            options = {"compression": "gzip", "shuffle": True} if narrow else {}
            copied = target.create_dataset(name, data=item[()].astype(np.float16) if narrow else item[()], **options)
        copied.attrs.update(item.attrs)

    target.attrs.update(source.attrs)
    source.visititems(add)


def _is_of_training(name: str) -> bool:
    return name.split("/")[0] in ("optimizer", "_losses")
