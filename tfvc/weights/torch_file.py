"""Files that torch wrote, and files that torch reads.

Checkpoints are untrusted: a pickle is never executed, only `torch.load(weights_only=True)` and safetensors.
"""

import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.atomic import atomic_file
from tfvc.weights.errors import WeightError
from tfvc.weights.torch_keys import Networks

# Keys under which projects keep a state dict among other things, the most specific first.
_WRAPPERS = ("model_state", "model_b", "state_dict", "model")


def read_torch_file(path: str | os.PathLike, networks: Networks = None) -> dict[str, np.ndarray]:
    """The state dict in a `.pt`, `.pth`, `.ckpt` or `.safetensors` file: `load_torch_file` and `find_state_dict`."""
    return find_state_dict(load_torch_file(path), path, networks)


def load_torch_file(path: str | os.PathLike) -> Mapping[str, Any]:
    """What is in a file, as data.

    Raises:
        WeightError: if the file is missing, truncated, foreign, or holds anything but data.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if not isinstance(content, Mapping):
        raise WeightError(f"{path}: holds a {type(content).__name__}, not a state dict")
    return content


def find_state_dict(
    content: Mapping[str, Any], path: str | os.PathLike, networks: Networks = None
) -> dict[str, np.ndarray]:
    """The state dict in what a file holds.

    Wrappers such as `{"model": ...}` and a `module.` before every key are taken off.

    Args:
        content: what `load_torch_file` gave.
        path: the file, for messages.
        networks: the key under which the wanted network lies where the file has several: never is another's state dict
            taken for it. With a tuple the state dicts of all of them are taken, each key behind its network's.

    Raises:
        WeightError: if there is no such state dict.
    """
    if isinstance(networks, tuple) and _arrays(content) is None:
        parts = {name: find_state_dict(_entry(content, name, path), path) for name in networks}
        return {f"{name}.{key}": value for name, part in parts.items() for key, value in part.items()}
    state = _unwrap(content, path, (networks, *_WRAPPERS) if isinstance(networks, str) else _WRAPPERS)
    if all(key.startswith("module.") for key in state):  # torch.nn.DataParallel
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state


def write_torch_file(path: str | os.PathLike, state: dict[str, np.ndarray], networks: Networks = None) -> None:
    """Writes a state dict as `.safetensors` (always bare) or, for any other suffix, as torch saves it.

    Args:
        path: the file, written whole or not at all.
        state: torch keys -> arrays in torch's layouts.
        networks: the key under which upstream's own code looks for it, or those of its networks, each of which gets
            the tensors behind its name; None writes it bare.

    Raises:
        WeightError: if torch is needed and not installed.
    """
    with atomic_file(path) as temporary:
        if Path(path).suffix == ".safetensors":
            from safetensors.numpy import save_file

            save_file(state, temporary)
            return
        torch = _import_torch(path)
        tensors = {key: torch.from_numpy(np.array(value)) for key, value in state.items()}
        torch.save(_wrapped(tensors, networks), temporary)


def _import_torch(path):
    try:
        import torch
    except ImportError:
        raise WeightError(
            f"{path}: torch files need PyTorch; `pip install 'tfvc[torch]'`, or use .safetensors"
        ) from None
    return torch


def _read_torch(path: Path):
    torch = _import_torch(path)
    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightError(
            f"{path}: refused, it holds more than tensors (a pickle's code is never run) or is damaged; "
            "save a plain state dict"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile, struct.error) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightError(f"{path}: truncated or not a torch file ({first})") from None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (SafetensorError, ValueError, OSError) as error:
        raise WeightError(f"{path}: truncated or not a safetensors file ({error})") from None


def _wrapped(tensors: dict[str, Any], networks: Networks) -> dict[str, Any]:
    if networks is None:
        return tensors
    if isinstance(networks, str):
        return {networks: tensors}
    return {
        name: {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
        for name in networks
    }


def _unwrap(content: Mapping[str, Any], path, wrappers: tuple[str, ...]) -> dict[str, np.ndarray]:
    arrays = _arrays(content)
    if arrays is not None:
        return arrays
    for wrapper in wrappers:
        if isinstance(content.get(wrapper), Mapping):
            return _unwrap(content[wrapper], path, wrappers)
    raise WeightError(f"{path}: no state dict in it; {_keys(content)}")


def _entry(content: Mapping[str, Any], name: str, path) -> Mapping[str, Any]:
    if not isinstance(content.get(name), Mapping):
        raise WeightError(f"{path}: no network {name!r} in it; {_keys(content)}")
    return content[name]


def _keys(content: Mapping[str, Any]) -> str:
    return f"its keys are {', '.join(map(str, list(content)[:5])) or 'none'}"


def _arrays(content: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The tensors as arrays, None if there are none or anything else is among them."""
    arrays = {key: _to_numpy(value) for key, value in content.items()}
    return arrays if arrays and all(value is not None for value in arrays.values()) else None


def _to_numpy(value) -> np.ndarray | None:
    """A tensor as an array, None for anything else. NumPy has no bfloat16, which widens to float32 exactly."""
    if isinstance(value, np.ndarray):
        return value
    if not hasattr(value, "detach"):
        return None
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
