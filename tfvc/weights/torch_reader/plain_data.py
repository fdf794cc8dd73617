"""The harmless classes and functions of Python and torch that a checkpoint names beside tensors, as our own functions.

Each takes the tuple of arguments that stands in the pickle, looks at it, and gives plain data. None calls anything that
comes from the file.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any, NoReturn

from tfvc.weights.torch_reader.hashing import hashable
from tfvc.weights.torch_reader.refusal import Refusal


def _refuse(name: str) -> NoReturn:
    raise Refusal(f"refused, it makes a {name} of what makes none")


def _ordered_dict(args: tuple) -> OrderedDict:
    match args:
        case ():
            return OrderedDict()
        case (list(items),) if all(isinstance(item, list | tuple) and len(item) == 2 for item in items):  # Python 2's
            return OrderedDict((hashable(key), value) for key, value in items)
    _refuse("OrderedDict")


def _counter(args: tuple) -> Counter:
    match args:
        case ():
            return Counter()
        case (dict(counts),) if all(type(count) in (int, float) for count in counts.values()):
            return Counter(counts)
    _refuse("Counter")


def _set(args: tuple) -> set:
    match args:
        case ():
            return set()
        case (list(items),):
            return {hashable(item) for item in items}
    _refuse("set")


def _bytes(args: tuple) -> bytes:
    match args:
        case ():
            return b""
        case (str(text), "latin1" | "latin-1"):
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError:
                _refuse("string of bytes")
        case (bytes(data),):
            return data
    _refuse("string of bytes")  # bytes(10**12) would be that many zeros


def _complex(args: tuple) -> complex:
    match args:
        case (float(real), float(imaginary)):
            return complex(real, imaginary)
    _refuse("complex number")


def _size(args: tuple) -> tuple:
    match args:
        case (list() | tuple() as lengths,):
            return tuple(lengths)
    _refuse("torch.Size")


def _device(args: tuple) -> str:
    match args:
        case (str(kind),):
            return kind
        case (str(kind), int(index)) if 0 <= index < 1 << 16:
            return f"{kind}:{index}"
    _refuse("torch.device")


def _path(flavour: type[PurePath]) -> Callable[[tuple], str]:
    """What stands for a path's class: a pure path, which no file is looked for behind, is only how parts are joined."""

    def join(args: tuple) -> str:
        if not all(isinstance(part, str) for part in args):
            _refuse("path")
        return str(flavour(*args))

    return join


# Settings of a training keep paths, as those of Piper do. Python 3.13 says another module.
_PATHS = {
    f"{module}.{name}": _path(PureWindowsPath if "Windows" in name else PurePosixPath)
    for module in ("pathlib", "pathlib._local")
    for name in ("Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath")
}

PLAIN: dict[str, Any] = {
    **_PATHS,
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "builtins.set": _set,
    "builtins.frozenset": lambda args: frozenset(_set(args)),
    "builtins.bytes": _bytes,
    "builtins.bytearray": lambda args: bytearray(_bytes(args)),
    "builtins.complex": _complex,
    "_codecs.encode": _bytes,
    "torch.Size": _size,
    "torch.device": _device,
}
