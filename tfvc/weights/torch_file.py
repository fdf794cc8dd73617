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

import numpy as np

from tfvc.atomic import atomic_file
from tfvc.weights.errors import WeightError

# Keys under which projects keep a state dict among other things, the most specific first.
_WRAPPERS = ("generator", "model_state", "model_b", "state_dict", "model")


def read_torch_file(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The state dict in a `.pt`, `.pth`, `.ckpt` or `.safetensors` file.

    Wrappers such as `{"model": ...}` and a `module.` before every key are taken off.

    Raises:
        WeightError: if the file is missing, truncated, foreign, holds anything but data, or no state dict.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"{path}: no such file")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    state = _unwrap(content, path)
    if all(key.startswith("module.") for key in state):  # torch.nn.DataParallel
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state


def write_torch_file(path: str | os.PathLike, state: dict[str, np.ndarray], wrapper: str | None = None) -> None:
    """Writes a state dict as `.safetensors` (always bare) or, for any other suffix, as torch saves it.

    Args:
        path: the file, written whole or not at all.
        state: torch keys -> arrays in torch's layouts.
        wrapper: the key under which upstream's own code looks for it; None writes it bare.

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
        torch.save({wrapper: tensors} if wrapper else tensors, temporary)


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


def _unwrap(content, path: Path) -> dict[str, np.ndarray]:
    if not isinstance(content, Mapping):
        raise WeightError(f"{path}: holds a {type(content).__name__}, not a state dict")
    arrays = {key: _to_numpy(value) for key, value in content.items()}
    if arrays and all(value is not None for value in arrays.values()):
        return arrays
    for wrapper in _WRAPPERS:
        if isinstance(content.get(wrapper), Mapping):
            return _unwrap(content[wrapper], path)
    raise WeightError(f"{path}: no state dict in it; its keys are {', '.join(map(str, list(content)[:5])) or 'none'}")


def _to_numpy(value) -> np.ndarray | None:
    """A tensor as an array, None for anything else. NumPy has no bfloat16, which widens to float32 exactly."""
    if isinstance(value, np.ndarray):
        return value
    if not hasattr(value, "detach"):
        return None
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
