"""The PyTorch references: inside tfvc where it is installed, the top-level `torch_ref` in its repository."""

import importlib
from importlib.util import find_spec
from types import ModuleType

_INSTALLED = "tfvc.cases.torch_ref"


def reference(name: str) -> ModuleType:
    """A module of `torch_ref` by its name there, such as `autovc`; it imports torch.

    Raises:
        ModuleNotFoundError: if torch is not installed.
    """
    package = _INSTALLED if find_spec(_INSTALLED) else "torch_ref"
    return importlib.import_module(f"{package}.{name}")
