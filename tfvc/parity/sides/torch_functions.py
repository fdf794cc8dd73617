"""The functions that a torch model calls, one by one; each of them may be made another."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tfvc.parity.sides.structure import take_apart

# What takes the place of a function: it is given the function, its arguments and its keyword arguments.
Instead = Callable[[Callable, tuple, Mapping[str, Any]], Any]
# The name of a function, and which of its calls in a run.
Place = tuple[str, int]
# What reads of a tensor, and computes nothing.
_READ = ("__get__", "__set__", "__delete__")


@dataclass(frozen=True)
class FunctionCall:
    """One call of a function of torch's that gives tensors.

    Attributes:
        number: which of this function's in a run, from 0. Of all functions it would be another in another mode:
            in training a batch norm counts its batches.
        function, args, kwargs: what is called, with what.
        result: what it gave; None of one that is seen ahead of its call.
        path: of the innermost module that calls it.
        ended: how many calls of the watched modules had ended.
    """

    number: int
    function: Callable
    args: tuple
    kwargs: Mapping[str, Any]
    result: Any = None
    path: str = ""
    ended: int = 0

    @property
    def place(self) -> Place:
        """What says in another run which call it is."""
        return self.function.__name__, self.number

    @property
    def name(self) -> str:
        """Of the function; of one that works in place too, without its underscore."""
        return self.function.__name__.strip("_")

    @property
    def tensors(self) -> list[Any]:
        """Those among the arguments."""
        import torch

        return take_apart((self.args, dict(self.kwargs)), torch.is_tensor)[1]


@dataclass
class Recording:
    """What a run has called: functions, and the watched modules' calls that ended, as (path, number)."""

    functions: list[FunctionCall] = field(default_factory=list)
    ended: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def calling(instead: Mapping[Place, Instead]) -> Iterator[None]:
    """Inside, calls of functions are replaced, by their places. What a replacement calls is not counted."""
    with _mode(lambda *call: None, instead):
        yield


@contextmanager
def recording(module: Any, watched: Sequence[str] = ()) -> Iterator[Recording]:
    """Records every call of a function that is made inside.

    Args:
        module: whose modules call them.
        watched: paths of modules whose calls are counted.
    """
    found, counts = Recording(), dict.fromkeys(watched, 0)

    def leave(path: str) -> None:
        if path in counts:
            counts[path] += 1
            found.ended.append((path, counts[path]))

    with watching(module, lambda call: found.functions.append(replace(call, ended=len(found.ended))), leave):
        yield found


@contextmanager
def watching(
    module: Any,
    see: Callable[[FunctionCall], None],
    leave: Callable[[str], None] = lambda path: None,
    ahead: bool = False,
) -> Iterator[None]:
    """Inside, every call of a function that gives tensors is seen, and every end of a module's call, by its path.

    Args:
        module: whose modules call them.
        see: is given each call, behind it.
        leave: is given the path of a module that ends.
        ahead: whether calls are seen before they are made, whatever they will give: what works in place overwrites
            what it was given.
    """
    running: list[str] = []

    def record(*call: Any) -> None:
        see(FunctionCall(*call, running[-1] if running else ""))

    def ended(path: str) -> None:
        running.pop()
        leave(path)

    handles = []
    for path, part in module.named_modules():
        if _is_python(part):
            handles.append(part.register_forward_pre_hook(lambda m, args, path=path: running.append(path)))
            handles.append(part.register_forward_hook(lambda m, args, y, path=path: ended(path), always_call=True))
    try:
        with _mode(record, {}, ahead):
            yield
    finally:
        for handle in handles:
            handle.remove()


def _is_python(module: Any) -> bool:
    import torch

    return not isinstance(module, torch.jit.ScriptModule)


def _mode(record: Callable[..., None], instead: Mapping[Place, Instead], ahead: bool = False) -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    class Mode(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.calls: Counter[str] = Counter()

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            name = getattr(function, "__name__", _READ[0])
            if name in _READ:
                return function(*args, **kwargs)
            number = self.calls[name]
            self.calls[name] += 1
            other = instead.get((name, number))
            if ahead:
                record(number, function, args, kwargs, None)
            result = other(function, args, kwargs) if other is not None else function(*args, **kwargs)
            if not ahead and take_apart(result, torch.is_tensor)[1]:
                record(number, function, args, kwargs, result)
            return result

    return Mode()
