"""The form before torch 1.6, which `_use_new_zipfile_serialization=False` still writes: pickles, then storages.

Equals `_legacy_load` in `torch/serialization.py`, with `weights_only=True`: a magic number, a version, facts of the
machine, the content and the list of storage keys, each a pickle of its own; then of each storage the number of its
elements, 8 bytes, and the elements, both little-endian on any machine.
"""

import sys
from typing import Any, BinaryIO

from tfvc.weights.torch_reader.refusal import Refusal
from tfvc.weights.torch_reader.section import Section
from tfvc.weights.torch_reader.storages import Storages
from tfvc.weights.torch_reader.unpickle import unpickle

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


def read_legacy(file: BinaryIO, size: int) -> Any:
    """What a file of `size` bytes holds, tensors as arrays.

    Raises:
        Refusal: if it is damaged, no torch file, or holds anything but data.
    """
    section, storages = Section(file, 0, size), Storages(size)
    if unpickle(section, Storages(0)) != _MAGIC:
        raise Refusal("a bare pickle, not what torch.save writes; save a plain state dict with torch.save")
    if unpickle(section, Storages(0)) != _VERSION:
        raise Refusal(f"damaged, or of another version of torch's old form than {_VERSION}")
    unpickle(section, Storages(0))
    content = unpickle(section, storages)
    keys = unpickle(section, Storages(0))
    _fill(file, size - section.left, storages, keys)
    return content


def _fill(file: BinaryIO, offset: int, storages: Storages, keys: Any) -> None:
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise Refusal("damaged, its list of storages is none")
    if set(keys) != set(storages.by_key):
        raise Refusal("damaged, its storages are not those of its tensors")
    for key in keys:
        storage = storages.by_key[key]
        file.seek(offset)
        if file.read(8) != (storage.nbytes // storage.itemsize).to_bytes(8, "little"):
            raise Refusal("truncated or damaged, a storage is not of the size that its tensors say; get the file again")
        storage.fill(file, offset + 8, swapped=sys.byteorder != "little")
        offset += 8 + storage.nbytes
