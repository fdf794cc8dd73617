"""The names that a checkpoint's pickle may say, and what stands for each.

As `torch/_weights_only_unpickler.py` does it, with two differences: nothing found here is the named class or function
itself, and no module is ever imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfvc.weights.torch_reader.dtypes import DTYPES, STORAGES
from tfvc.weights.torch_reader.numpy_data import NUMPY, NumpyClass
from tfvc.weights.torch_reader.plain_data import PLAIN
from tfvc.weights.torch_reader.refusal import Refusal, shown
from tfvc.weights.torch_reader.storages import StorageClass

# Protocols below 3 write Python 2's names.
_MODULES = {"__builtin__": "builtins"}


@dataclass(frozen=True)
class Function:
    """Stands for an allowed function or class: its name, and what of ours is done where the pickle calls it."""

    name: str
    make: Callable[[tuple], Any]


_CLASS = (
    "an object of a class, and a pickle's code is never run; save a plain state dict, "
    "torch.save(model.state_dict(), ...), with numbers and strings beside it at most"
)

# What is refused, by the beginning of its name, and why; the first that fits.
_REASONS = {
    "torch._utils._rebuild_sparse": "a sparse tensor; save it .to_dense()",
    "torch.serialization._get_layout": "a sparse tensor; save it .to_dense()",
    "torch._utils._rebuild_qtensor": "a quantised tensor; save it .dequantize()",
    "torch.Q": "a quantised tensor; save it .dequantize()",
    "torch._utils._rebuild_meta": "a meta tensor, which has no values; save the model once its weights are loaded",
    "torch._utils._rebuild_nested": "a nested tensor; save its parts",
    "torch._utils._rebuild_": "a tensor of a class or device of its own; save it .detach().cpu()",
    "torch.storage._load_from_bytes": "tensors that pickle.dump wrote; save them with torch.save",
    "torch.float": "a type of numbers that NumPy cannot hold; save it .float()",
    "torch.complex": "a type of numbers that NumPy cannot hold; save it .to(torch.complex64)",
    "torch.nn.": "a whole model, and a pickle's code is never run; save its state dict, "
    "torch.save(model.state_dict(), ...)",
}


def allowed_names(tensor_functions: dict[str, Callable[[tuple], Any]]) -> dict[str, Any]:
    """All names that may be said, and what stands for each.

    Args:
        tensor_functions: what rebuilds tensors, which knows the file: `Tensors.functions`.
    """
    functions = {**PLAIN, **NUMPY, **tensor_functions}
    names: dict[str, Any] = {name: Function(name, make) for name, make in functions.items()}
    names |= {f"torch.{name}": dtype for name, dtype in DTYPES.items()}
    names |= {f"{m}.{name}": StorageClass(t) for m in ("torch", "torch.cuda") for name, t in STORAGES.items()}
    names["torch.storage.UntypedStorage"] = StorageClass(STORAGES["UntypedStorage"])
    names["torch.Tensor"] = names["torch._utils._rebuild_tensor"]  # only ever named beside _rebuild_from_type_v2
    names["numpy.ndarray"] = NumpyClass()
    return names


def find(names: dict[str, Any], module: str, name: str) -> Any:
    """What stands for a name.

    Raises:
        Refusal: if the name may not be said.
    """
    full = f"{_MODULES.get(module, module)}.{name}"
    if full not in names:
        raise refuse(full)
    return names[full]


def refuse(full: str) -> Refusal:
    """The refusal of a name, with the reason."""
    reason = next((why for start, why in _REASONS.items() if full.startswith(start)), _CLASS)
    return Refusal(f"refused, it holds {shown(full)}: {reason}")
