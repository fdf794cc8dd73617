"""Tensors as NumPy arrays: views of their storages, as `torch/_utils.py` rebuilds them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfvc.weights.torch_reader.dtypes import TorchDtype
from tfvc.weights.torch_reader.refusal import Refusal, shown
from tfvc.weights.torch_reader.storages import TypedStorage

# All tensors of a file together, were each copied out, beside 16 times the file: what is expanded (stride 0) or looked
# at many times takes no memory here, and would take without end where somebody copies it.
_EXPANDED = 1 << 30
_LARGEST = 1 << 62


class Tensors:
    """Rebuilds the tensors of one file of `size` bytes. `functions` are torch's, by their names in pickles."""

    def __init__(self, size: int):
        self._left = _EXPANDED + 16 * size
        rebuild: dict[str, Callable[[tuple], np.ndarray]] = {
            "torch._utils._rebuild_tensor": self._rebuild,
            "torch._utils._rebuild_tensor_v2": self._rebuild,
            "torch._utils._rebuild_tensor_v3": self._rebuild_with_dtype,
            "torch._utils._rebuild_parameter": _rebuild_parameter,
            "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
            "torch.nn.parameter.Parameter": _rebuild_parameter,
        }
        self._rebuild_functions = rebuild
        self.functions = {
            **rebuild,
            "torch._tensor._rebuild_from_type_v2": self._rebuild_from_type,
            "torch.tensor._rebuild_from_type_v2": self._rebuild_from_type,
        }

    def _rebuild(self, args: tuple) -> np.ndarray:
        """(storage, offset, size, stride[, requires_grad, hooks[, metadata]])"""
        if not 4 <= len(args) <= 7 or not isinstance(args[0], TypedStorage):
            raise Refusal("damaged, a tensor is not put together as torch does it")
        _refuse_metadata(args[6:])
        return self._view(args[0], args[0].dtype, *args[1:4])

    def _rebuild_with_dtype(self, args: tuple) -> np.ndarray:
        """(storage, offset, size, stride, requires_grad, hooks, dtype[, metadata]): types that have no storage class"""
        if not 7 <= len(args) <= 8 or not isinstance(args[0], TypedStorage) or not isinstance(args[6], TorchDtype):
            raise Refusal("damaged, a tensor is not put together as torch does it")
        _refuse_metadata(args[7:])
        if args[0].start:
            raise Refusal("damaged, a tensor of a new type lies in an old file's part of a storage")
        return self._view(args[0], args[6], *args[1:4])

    def _rebuild_from_type(self, args: tuple) -> np.ndarray:
        """(function, class, its args, attributes): a tensor that somebody has hung attributes on, which are left out"""
        # By name, never by calling what is there: the function is a stand-in that knows its name.
        name = getattr(args[0], "name", None) if len(args) == 4 else None
        if name not in self._rebuild_functions or not isinstance(args[2], tuple):
            raise Refusal("damaged, a tensor is not put together as torch does it")
        return self._rebuild_functions[name](args[2])

    def _view(self, typed: TypedStorage, dtype: TorchDtype, offset: Any, size: Any, stride: Any) -> np.ndarray:
        """The array [*size] of what lies `offset` elements into the storage, `stride` elements apart."""
        size, stride = _whole_numbers(size), _whole_numbers(stride)
        (offset,) = _whole_numbers((offset,))
        if len(size) != len(stride) or len(size) > 64:
            raise Refusal("damaged, a tensor has other dimensions than strides, or more than 64")
        itemsize = dtype.array.itemsize
        if math.prod(length or 1 for length in size) * itemsize > _LARGEST:
            raise Refusal(f"refused, a tensor of {shown(math.prod(size))} elements is greater than any memory")
        if 0 in size:
            return np.empty(size, dtype.array)
        self._count(math.prod(size) * itemsize)
        last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if last >= typed.numel * typed.dtype.raw.itemsize // dtype.raw.itemsize:
            raise Refusal("damaged, a tensor reaches beyond its storage")
        elements = typed.storage.elements(dtype)
        # ndarray checks the bounds once more, by itself.
        strides = tuple(step * itemsize if length > 1 else itemsize for length, step in zip(size, stride, strict=True))
        return np.ndarray(size, dtype.array, elements, (typed.start + offset) * itemsize, strides)

    def _count(self, nbytes: int) -> None:
        self._left -= nbytes
        if self._left < 0:
            raise Refusal(
                "refused, its tensors would be a gigabyte greater than 16 times the file when copied; "
                "save expanded tensors as .clone() of what they are expanded from"
            )


def _rebuild_parameter(args: tuple) -> np.ndarray:
    """(tensor[, requires_grad, hooks[, state]])"""
    if not 1 <= len(args) <= 4 or not isinstance(args[0], np.ndarray):
        raise Refusal("damaged, a parameter is not put together as torch does it")
    return args[0]


def _refuse_metadata(metadata: tuple) -> None:
    if not metadata or not metadata[0]:
        return
    if not isinstance(metadata[0], Mapping) or metadata[0].get("conj") or metadata[0].get("neg"):
        raise Refusal(
            "refused, it holds a tensor whose conjugate or negative is still to be taken; "
            "save .resolve_conj().resolve_neg()"
        )


def _whole_numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or len(values) > 1000:
        raise Refusal("damaged, a tensor's sizes are not a tuple")
    if not all(type(value) is int and 0 <= value < _LARGEST for value in values):
        raise Refusal("damaged, a tensor's sizes or strides are not whole numbers from 0 on")
    return tuple(values)
