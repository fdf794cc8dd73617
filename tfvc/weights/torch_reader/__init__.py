"""Reads what `torch.save` wrote, without torch: tensors and plain data, and nothing else.

The content equals that of `torch.load(weights_only=True)`, with NumPy arrays for tensors and parameters, tuples for
`torch.Size`, strings for devices and, which torch refuses, strings for paths. Nothing from a file is ever run, and no
memory is taken for what the file only says it has.
"""

import os
from pathlib import Path
from typing import Any, BinaryIO

from tfvc.weights.errors import WeightError
from tfvc.weights.torch_reader.kinds import HEAD, foreign_kind
from tfvc.weights.torch_reader.legacy_form import read_legacy
from tfvc.weights.torch_reader.refusal import Refusal
from tfvc.weights.torch_reader.zip_form import read_zip

__all__ = ["read"]


def read(path: str | os.PathLike) -> Any:
    """What a `.pt`, `.pth` or `.ckpt` file holds.

    Raises:
        WeightError: if it cannot be opened, is truncated or foreign, or holds anything but data.
    """
    try:
        with Path(path).open("rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise WeightError(f"{path}: cannot be read ({error.strerror})") from None
    except Refusal as refusal:
        raise WeightError(f"{path}: {refusal}") from None


def _read(file: BinaryIO, size: int) -> Any:
    head = file.read(HEAD)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return read_zip(file, size)
    if (kind := foreign_kind(head, size)) is not None:
        raise Refusal(kind)
    # A pickle of the second protocol or later, or the magic number as the first and zeroth write it.
    if head.startswith((b"\x80", b"L119547037146038801333356L")):
        return read_legacy(file, size)
    raise Refusal("not a torch file; it begins with " + " ".join(f"{byte:02x}" for byte in head[:8]))
