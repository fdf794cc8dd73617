"""The calls of torch modules in a run, recorded by hooks."""

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tfvc.parity.private_parts import tensor_version
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.structure import take_apart


@contextmanager
def traced(modules: Mapping[str, Any], calls: list[Call] | None = None) -> Iterator[list[Call]]:
    """Records every call of these modules made inside, in the order in which they end.

    Inputs and outputs are copied, because a module that works in place overwrites them.

    Those of scripted modules are not seen: they run without Python.

    Args:
        modules: path -> module.
        calls: a list that they are added to, for who wants those that were made before something was raised.
    """
    import torch

    calls = [] if calls is None else calls
    counts: Counter[int] = Counter()
    running: list[Call] = []

    copies = _Copies()

    def keep(tensors: list[Any]) -> list[Any]:
        return [copies.of(x) for x in tensors]

    def before(module: Any, args: Any, kwargs: Any) -> None:
        counts[id(module)] += 1
        template, inputs = take_apart((args, kwargs), torch.is_tensor)
        running.append(Call(module, counts[id(module)], template, keep(inputs)))

    def after(module: Any, args: Any, kwargs: Any, result: Any) -> None:
        call = running.pop()
        call.outputs = take_apart(result, torch.is_tensor)[1]
        _keep_gradients(call, copies)
        call.outputs = keep(call.outputs)
        calls.append(call)

    handles = []
    for module in (m for m in modules.values() if not isinstance(m, torch.jit.ScriptModule)):
        handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(module.register_forward_hook(after, with_kwargs=True))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


class _Copies:
    """One copy of each tensor, however many calls take or give it; another one if it has been changed meanwhile."""

    def __init__(self):
        self._made: dict[int, tuple[Any, int, Any]] = {}

    def of(self, tensor: Any) -> Any:
        """What the tensor holds now."""
        made = self._made.get(id(tensor))
        if made is not None and made[0]() is tensor and made[1] == tensor_version(tensor):
            return made[2]
        copy = tensor.detach().clone()
        self._made[id(tensor)] = weakref.ref(tensor), tensor_version(tensor), copy
        return copy


def _keep_gradients(call: Call, copies: _Copies) -> None:
    """Gathers what comes back to each output in `call.cotangents`, where there is a backward pass."""
    # The hooks live as long as autograd's graph; they hold the gradients, not the call.
    cotangents = call.cotangents = [None] * len(call.outputs)

    def hook(index: int) -> Any:
        def keep(gradient: Any) -> None:
            cotangents[index] = copies.of(gradient)

        return keep

    for index, output in enumerate(call.outputs):
        if output.requires_grad:
            output.register_hook(hook(index))
