"""How one call of a function of torch's may be another in a port, and the registry of that."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from tfvc.parity.sides.torch_functions import FunctionCall, Instead


@dataclass(frozen=True)
class FunctionChange:
    """Another function: a name, what a port does (the end of a sentence), what to do, and what takes its place."""

    name: str
    words: str
    fix: str
    other: Instead


Changes = Callable[[FunctionCall], Iterator[FunctionChange]]
F = TypeVar("F", bound=Changes)
_CHANGES: list[tuple[frozenset[str], Changes]] = []


def changes_to(*names: str) -> Callable[[F], F]:
    """A decorator: the function gives changes to calls of torch's functions of these names; without names, of any."""

    def add(changes: F) -> F:
        _CHANGES.append((frozenset(names), changes))
        return changes

    return add


def changes_of(call: FunctionCall) -> Iterator[FunctionChange]:
    """Every known change to a call, in the order of registration."""
    for names, changes in _CHANGES:
        if not names or call.name in names:
            yield from changes(call)


def argument(call: FunctionCall, name: str, index: int, default: Any = None) -> Any:
    """An argument of a call, by name or place."""
    return call.kwargs.get(name, call.args[index] if len(call.args) > index else default)


def with_argument(call: FunctionCall, name: str, index: int, value: Any) -> Instead:
    """The same function with another argument."""

    def other(function: Callable, args: tuple, kwargs: Any) -> Any:
        if name not in kwargs and len(args) > index:
            return function(*args[:index], value, *args[index + 1 :], **kwargs)
        return function(*args, **{**kwargs, name: value})

    return other


def on_result(change: Callable[[Any], Any]) -> Instead:
    """The function's result, changed."""
    return lambda function, args, kwargs: change(function(*args, **kwargs))


def of_first(other: Callable[[Any], Any]) -> Instead:
    """Another function of the first argument alone."""
    return lambda function, args, kwargs: other(args[0] if args else kwargs["input"])
