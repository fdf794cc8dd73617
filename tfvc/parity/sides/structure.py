"""Arguments and outputs as a list of tensors, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in a structure."""

    index: int


def take_apart(structure: Any, is_tensor: Callable[[Any], bool]) -> tuple[Any, list[Any]]:
    """The structure with `Slot`s in place of its tensors, and the tensors."""
    tensors: list[Any] = []

    def visit(value: Any) -> Any:
        if is_tensor(value):
            tensors.append(value)
            return Slot(len(tensors) - 1)
        return _map(visit, value)

    return visit(structure), tensors


def put_together(template: Any, tensors: list[Any]) -> Any:
    """What `take_apart` took apart, with other tensors."""

    def visit(value: Any) -> Any:
        return tensors[value.index] if isinstance(value, Slot) else _map(visit, value)

    return visit(template)


def _map(visit: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: visit(v) for key, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(visit(v) for v in value))
    if isinstance(value, (list, tuple)):
        return type(value)(visit(v) for v in value)
    return value
