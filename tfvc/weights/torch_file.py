"""Files that torch wrote, and files that torch reads.

Checkpoints are untrusted: a pickle is never executed, our own reader knows tensors and plain data and nothing else.
Reading does without torch; only writing torch's own format needs it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.atomic import atomic_file
from tfvc.weights import torch_reader
from tfvc.weights.errors import WeightError
from tfvc.weights.safetensors_file import read_safetensors
from tfvc.weights.torch_keys import Networks
from tfvc.weights.torch_reader.refusal import shown

# Keys under which projects keep a state dict among other things, the most specific first.
_WRAPPERS = ("model_state", "model_b", "state_dict", "model")

# Wrappers within wrappers; a pickle can put one into itself.
_DEEPEST = 8


def read_torch_file(path: str | os.PathLike, networks: Networks = None) -> dict[str, np.ndarray]:
    """The state dict in a `.pt`, `.pth`, `.ckpt` or `.safetensors` file: `load_torch_file` and `find_state_dict`."""
    return find_state_dict(load_torch_file(path), path, networks)


def load_torch_file(path: str | os.PathLike) -> Mapping[str, Any]:
    """What is in a file, as data: tensors are NumPy arrays, bfloat16 and float8 widened to float32 exactly.

    Raises:
        WeightError: if the file is missing, truncated, foreign, or holds anything but data.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    content = read_safetensors(path) if path.suffix == ".safetensors" else torch_reader.read(path)
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
        WeightError: if there is no such state dict, or a key of it is no string.
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
            f"{path}: to write torch's format PyTorch is needed; pip install 'tfvc[torch]', or write .safetensors"
        ) from None
    return torch


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
    for _ in range(_DEEPEST):
        arrays = _arrays(content)
        if arrays is not None:
            return _with_string_keys(arrays, path)
        inner = next((content[name] for name in wrappers if isinstance(content.get(name), Mapping)), None)
        if inner is None:
            break
        content = inner
    raise WeightError(f"{path}: no state dict in it; {_keys(content)}")


def _entry(content: Mapping[str, Any], name: str, path) -> Mapping[str, Any]:
    if not isinstance(content.get(name), Mapping):
        raise WeightError(f"{path}: no network {name!r} in it; {_keys(content)}")
    return content[name]


def _keys(content: Mapping[str, Any]) -> str:
    return f"its keys are {', '.join(map(shown, list(content)[:5])) or 'none'}"


def _with_string_keys(arrays: dict[str, np.ndarray], path) -> dict[str, np.ndarray]:
    for key in arrays:
        if not isinstance(key, str):
            raise WeightError(
                f"{path}: its key {shown(key)} is no string but of {type(key).__name__}; save a state dict, "
                "whose keys are the names of its tensors"
            )
    return arrays


def _arrays(content: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The tensors, None if there are none or anything else is among them."""
    arrays = dict(content)
    return arrays if arrays and all(isinstance(value, np.ndarray) for value in arrays.values()) else None
