"""The form of torch 1.6 and later: a zip with `NAME/data.pkl` and a member `NAME/data/KEY` a storage.

Equals `_load` in `torch/serialization.py`, with `weights_only=True`.
"""

import sys
import zipfile
from typing import Any, BinaryIO

from tfvc.weights.torch_reader.refusal import Refusal, shown
from tfvc.weights.torch_reader.section import Section
from tfvc.weights.torch_reader.storages import Storages
from tfvc.weights.torch_reader.unpickle import unpickle

# Other zips, by a part of a member's name: what they are, and what to do.
_OTHERS = {
    "constants.pkl": "a TorchScript archive; open it with torch.jit.load and save its state_dict()",
    ".data/extern_modules": "a torch.package archive; save the model's state dict instead",
    "archive_format": "an archive of torch.export; save the model's state dict instead",
    "model_config.yaml": "a NeMo archive; unpack it and read the .ckpt in it",
    ".dist-info/": "a wheel; unpack it and read the checkpoint in it",
    "model.weights.h5": "a .keras file; only what torch saved is read",
    ".npy": "an .npz of NumPy; only what torch saved is read",
}


def read_zip(file: BinaryIO, size: int) -> Any:
    """What the pickle in a zip of `size` bytes holds, tensors as arrays.

    Raises:
        Refusal: if it is damaged, no torch file, or holds anything but data.
    """
    archive = _Archive(file, size)
    storages = Storages(size)
    start, length = archive.locate("data.pkl")
    content = unpickle(Section(file, start, start + length), storages)
    swapped = archive.byte_order() != sys.byteorder
    for key, storage in storages.by_key.items():
        start, length = archive.locate(f"data/{key}")
        if length < storage.nbytes:
            raise Refusal(f"damaged, storage {shown(key)} has {length} of its {storage.nbytes} bytes")
        storage.fill(file, start, swapped)
    return content


class _Archive:
    """The members of a zip that torch wrote, all in one folder, which is named after the file it first wrote."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self._size = file, size
        self._members = _members(file)
        self._root = _root(self._members)

    def locate(self, name: str) -> tuple[int, int]:
        """Where the bytes of a member begin in the file, and how many they are.

        They lie as they are: torch compresses nothing, so what would swell when unpacked is refused.
        """
        info = self._members.get(f"{self._root}/{name}")
        if info is None:
            raise Refusal(f"damaged, {shown(name)} is not in its zip; get the file again")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.compress_size != info.file_size:
            raise Refusal("refused, its zip is compressed, as torch never writes it; unpack it and zip it with -0")
        # The member's own header: 30 bytes, then its name and extra fields, whose lengths stand at 26 and 28.
        header = b""
        if 0 <= info.header_offset <= self._size - 30:
            self._file.seek(info.header_offset)
            header = self._file.read(30)
        if header[:4] != b"PK\x03\x04":
            raise Refusal(f"damaged, {shown(name)} is not where its zip says; get the file again")
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = info.header_offset + 30 + lengths
        if start + info.file_size > self._size:
            raise Refusal(f"truncated, {shown(name)} ends behind the file; get the file again")
        return start, info.file_size

    def byte_order(self) -> str:
        """Files before torch 2.1 do not say it; torch takes them for little."""
        if f"{self._root}/byteorder" not in self._members:
            return "little"
        start, length = self.locate("byteorder")
        self._file.seek(start)
        order = {b"little": "little", b"big": "big"}.get(self._file.read(min(length, 16)))
        if order is None:
            raise Refusal("damaged, its byte order is neither little nor big")
        return order


def _members(file: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            listed = archive.infolist()
    # All that zipfile raises on a damaged directory; it has no class for it.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, OSError):
        raise Refusal("truncated or damaged, a zip without the directory at its end; get the file again") from None
    members = {info.filename: info for info in listed}
    if len(members) < len(listed):
        raise Refusal("damaged, its zip has two members of one name")
    return members


def _root(members: dict[str, zipfile.ZipInfo]) -> str:
    roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) == 1 and f"{roots[0]}/constants.pkl" not in members:
        return roots[0]
    for part, kind in _OTHERS.items():
        if any(part in name for name in members):
            raise Refusal(kind)
    names = ", ".join(map(shown, list(members)[:3])) or "nothing"
    raise Refusal(f"a zip, but not torch's: it holds {names}; only what torch.save wrote is read")
