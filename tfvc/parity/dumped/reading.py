"""Reads what `Dump`, or anyone, wrote."""

import os
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.parity.dumped.header import Header, Tensor
from tfvc.parity.dumped.writing import FLOAT32, FLOAT64, HEADER
from tfvc.weights.safetensors_file import read_safetensors

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Dumped:
    """What one side computed.

    Attributes:
        where: the folder, for messages.
        header: what its tensors are.
        float64, float32: the tensors; None where the side has nothing of a precision.
    """

    where: str
    header: Header
    float64: Arrays | None
    float32: Arrays | None

    def array(self, tensor: Tensor, float64: bool) -> np.ndarray | None:
        """One tensor in one precision; None if it is not there in this one."""
        arrays = self.float64 if float64 else self.float32
        return None if arrays is None else arrays.get(tensor.tensor)

    def renamed(self, rename: Callable[[str], str | None]) -> "Dumped":
        """The tensors of no layer under other names; without those for which that is None."""
        named = [(one, rename(one.name)) for one in self.header.tensors if one.layer is None]
        return self._with(
            tensors=tuple(one.model_copy(update={"name": name}) for one, name in named if name is not None)
        )

    def below(self, prefix: str) -> "Dumped":
        """The tensors whose names begin with `prefix/`, without it."""
        start = f"{prefix}/"
        return self.renamed(lambda name: name.removeprefix(start) if name.startswith(start) else None)

    def given(self, inputs: Container[str]) -> "Dumped":
        """Given no other inputs than these: of a part of what it has."""
        kept = (one for one in self.header.given if one.kind != "input" or one.name in inputs)
        return self._with(given=tuple(kept))

    def values(self, float64: bool) -> dict[str, np.ndarray]:
        """The tensors of no layer by their names, in one precision as far as it is there."""
        found = {one.name: self.array(one, float64) for one in self.header.tensors if one.layer is None}
        return {name: x for name, x in found.items() if x is not None}

    def only(self, phases: tuple[str, ...]) -> "Dumped":
        """The tensors of these phases."""
        return self._with(tensors=tuple(one for one in self.header.tensors if one.phase in phases))

    def _with(self, **fields: Any) -> "Dumped":
        return replace(self, header=self.header.model_copy(update=fields))


def read_dump(folder: str | os.PathLike) -> Dumped:
    """A dump.

    Raises:
        TfvcError: in one line, if it is none, or its files do not fit each other.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TfvcError(f"{folder}: no folder; give one that has a {HEADER}")
    where = folder / HEADER
    header = Header.parse(read_object(where, "the header of a parity dump"), str(where))
    files = {name: folder / name for name in (FLOAT64, FLOAT32)}
    found = {name: read_safetensors(path) if path.exists() else None for name, path in files.items()}
    if not any(found.values()) and not header.raised:
        raise TfvcError(f"{folder}: holds no tensors; it needs {FLOAT64}, {FLOAT32} or both")
    seen: set[tuple] = set()
    layers = {one.path for one in header.layers}
    for one in header.tensors:
        if one.layer is not None and one.layer not in layers:
            raise TfvcError(f"{where}: {one.tensor!r} is of the layer {one.layer!r}, which is not among its layers")
        if not any(arrays and one.tensor in arrays for arrays in found.values()):
            raise TfvcError(f"{where}: there is no tensor {one.tensor!r} in {' or '.join(files)}")
        place = (one.where, one.name, one.layer, one.call)
        if place in seen:
            raise TfvcError(f"{where}: {one.phase}, {one.stage}, {one.name} is there twice")
        seen.add(place)
        for name, arrays in found.items():
            _check(folder / name, one, (arrays or {}).get(one.tensor))
    return Dumped(str(folder), header, found[FLOAT64], found[FLOAT32])


def _check(path: Path, one: Tensor, array: np.ndarray | None) -> None:
    if array is None:
        return
    known = np.issubdtype(array.dtype, np.integer) or array.dtype in (np.float32, np.float64, np.bool_)
    if not known:
        raise TfvcError(f"{path}: {one.tensor} is {array.dtype}; give float64, float32 or integers")
    if one.axes is not None and len(one.axes.split()) != array.ndim:
        raise TfvcError(f"{path}: {one.tensor} has {array.ndim} axes, its header names {one.axes!r}")
