"""The storages of a file: what tensors are views of.

A pickle names a storage long before its bytes come (or, in a zip, beside them). So the arrays are made as soon as a
tensor wants them and filled once the pickle has been read.
"""

from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from tfvc.weights.torch_reader.dtypes import TorchDtype
from tfvc.weights.torch_reader.refusal import Refusal, shown


@dataclass(frozen=True)
class StorageClass:
    """Stands for `torch.FloatStorage` and its like."""

    dtype: TorchDtype


@dataclass(eq=False)
class Storage:
    """One storage.

    Attributes:
        nbytes: its size in the file.
        itemsize: bytes of an element, as the file declares them.
        arrays: its elements, by each type in which a tensor looks at them: [nbytes // itemsize of that type].
    """

    nbytes: int
    itemsize: int
    arrays: dict[TorchDtype, np.ndarray] = field(default_factory=dict)

    def elements(self, dtype: TorchDtype) -> np.ndarray:
        """The elements, which `fill` writes later."""
        if dtype not in self.arrays:
            self.arrays[dtype] = np.empty(self.nbytes // dtype.raw.itemsize, dtype.array)
        return self.arrays[dtype]

    def fill(self, file: BinaryIO, offset: int, swapped: bool = False) -> None:
        """Reads the bytes at `offset`; `swapped` says that they are in the other byte order than this machine's."""
        for dtype, array in self.arrays.items():
            raw = array if dtype.widen is None else np.empty(array.shape, dtype.raw)
            file.seek(offset)
            if file.readinto(raw.view(np.uint8)) != raw.nbytes:
                raise Refusal("truncated, a tensor's bytes are not all there; get the file again")
            if swapped:
                raw.byteswap(inplace=True)
            if dtype.widen is not None:
                dtype.widen(raw, array)


@dataclass(frozen=True, eq=False)
class TypedStorage:
    """What a persistent id gives: `numel` elements of a storage from element `start` on."""

    storage: Storage
    dtype: TorchDtype
    start: int
    numel: int


class Storages:
    """The storages that a pickle declares, by their keys.

    Args:
        limit: bytes that are there at most for all of them: the file's size. What declares more is refused before
            memory is taken, members of a zip that lie over each other among it.
    """

    def __init__(self, limit: int):
        self.limit = limit
        self.by_key: dict[str, Storage] = {}
        self._left = limit

    def declare(self, pid: object) -> TypedStorage:
        """The storage that a persistent id means.

        Raises:
            Refusal: if it is no storage's id, or the storage is greater than the file.
        """
        match pid:
            case ("storage", StorageClass(dtype), str(key), _, int(numel)):
                return self._typed(key, dtype, numel, None)
            case ("storage", StorageClass(dtype), str(key), _, int(numel), (None | (_, int(), int())) as part):
                return self._typed(key, dtype, numel, part)
        raise Refusal("damaged, a tensor's storage is not declared as torch does it")

    def _typed(self, key: str, dtype: TorchDtype, numel: int, part: tuple | None) -> TypedStorage:
        nbytes = numel * dtype.raw.itemsize
        if key not in self.by_key:
            if not 0 <= nbytes <= self._left:
                raise Refusal(f"truncated, storage {shown(key)} has {shown(nbytes)} bytes, more than are in the file")
            self._left -= nbytes
            self.by_key[key] = Storage(nbytes, dtype.raw.itemsize)
        storage = self.by_key[key]
        if storage.nbytes != nbytes:
            raise Refusal(f"damaged, storage {shown(key)} is declared with two sizes")
        start, count = (0, numel) if part is None else part[1:]
        if start < 0 or count < 0 or start + count > numel:
            raise Refusal(f"damaged, a part of storage {shown(key)} lies outside it")
        return TypedStorage(storage, dtype, start, count)
