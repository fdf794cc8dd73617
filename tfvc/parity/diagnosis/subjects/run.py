"""Torch's whole model, which is run again with one thing changed, up to a tensor that differs.

Between two layers that are right lies what no layer pair stands for: functions, bare parameters, layers that Keras has
cut up. Whatever a port does otherwise there can be done to torch's model, and then torch must give what Keras gives.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.subjects.subject import Subject
from tfvc.parity.private_parts import tensor_version
from tfvc.parity.sides.structure import take_apart
from tfvc.parity.sides.torch_functions import FunctionCall, Instead, Place, Recording, calling, recording
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.weights import Concatenation, Entry

Array = np.ndarray
# A large model is not run again for longer than these seconds.
SECONDS = 60.0


class _Reached(Exception):
    """The tensor is known; the rest of the run is not needed."""


@dataclass(frozen=True)
class Target:
    """A tensor of a run of torch's model.

    Attributes:
        path, number, index: which tensor of which call of which module; of the model's outputs `path` is the name.
        is_output: whether it is one of the model's outputs.
        inside: what of it is compared: without what is padded around it.
    """

    path: str
    number: int = 1
    index: int = 0
    is_output: bool = False
    inside: Callable[[Array], Array] = field(default=lambda x: x, compare=False)


@dataclass
class TorchRun:
    """Torch's model in float64, from the initial weights.

    Attributes:
        side: of torch.
        inputs: of the model.
        training: the mode.
        initial: the weights, by torch's keys.
    """

    side: TorchSide
    inputs: Mapping[str, Array]
    training: bool
    initial: Mapping[str, Array]
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    def weight(self, key: str) -> Any:
        """One of the initial weights, made once: to make those of a large model takes longer than to run it."""
        if key not in self._made:
            self._made[key] = self.side.tensor(self.initial[key])
        return self._made[key]

    def recorded(self, target: Target, watched: Sequence[str]) -> Recording:
        """The functions that are called up to a tensor."""
        with self._initially(), recording(self.side.module, watched) as found:
            self._tensors([target])
        return found

    def tensor(
        self, target: Target, instead: Mapping[Place, Instead] | None = None, weights: Mapping[str, Any] | None = None
    ) -> Array | None:
        """A tensor of a run with other functions or weights; None if the run does not come to it."""
        with self._initially(weights or {}), calling(instead or {}):
            return self._tensors([target])[0]

    def without(self, path: str, targets: Sequence[Target]) -> list[Array | None]:
        """Several tensors of a run in which a module gives what it takes."""
        module = self.side.module.get_submodule(path)
        handle = module.register_forward_hook(lambda m, args, result: args[0])
        try:
            with self._initially():
                return self._tensors(targets)
        finally:
            handle.remove()

    def with_in_front(self, norm: str, path: str, target: Target) -> Array | None:
        """A tensor of a run in which a module is fed what another one makes of its first argument."""
        modules = dict(self.side.module.named_modules())
        handle = modules[path].register_forward_pre_hook(lambda m, args: (modules[norm](args[0]), *args[1:]))
        try:
            with self._initially():
                return self._tensors([target])[0]
        finally:
            handle.remove()

    def applied(self, path: str, x: Array) -> Array:
        """What a module makes of an array."""
        import torch

        module = self.side.module.get_submodule(path)
        with self._initially(), torch.no_grad():
            return module(self.side.tensor(x)).numpy()

    def _tensors(self, targets: Sequence[Target]) -> list[Array | None]:
        import torch

        found: dict[Target, Array] = {}
        counts: dict[str, int] = {}

        def reach(path: str, args: Any, kwargs: Any) -> None:
            counts[path] = counts.get(path, 0) + 1
            for target in targets:
                if not target.is_output and (target.path, target.number) == (path, counts[path]):
                    given = take_apart((args, kwargs), torch.is_tensor)[1]
                    if target.index >= len(given):
                        raise _Reached
                    found[target] = target.inside(given[target.index].detach().cpu().numpy().copy())
            if len(found) == len(targets):
                raise _Reached

        with ExitStack() as stack:
            for path in {target.path for target in targets if not target.is_output}:
                module = self.side.module.get_submodule(path)
                hook = lambda m, args, kwargs, path=path: reach(path, args, kwargs)  # noqa: E731
                stack.callback(module.register_forward_pre_hook(hook, with_kwargs=True).remove)
            try:
                outputs = self.side.outputs(self.inputs, self.training)
            except _Reached:
                outputs = {}
        for target in targets:
            if target.is_output and target.path in outputs:
                found[target] = outputs[target.path].detach().cpu().numpy()
        return [found.get(target) for target in targets]

    def _initially(self, changed: Mapping[str, Any] | None = None) -> ExitStack:
        """The initial weights, some of them changed; behind it there are those that were there before.

        The parameters point to other memory, which is not copied. A run may write into buffers, so these are.
        """
        module = self.side.module
        parameters, buffers = dict(module.named_parameters(remove_duplicate=False)), dict(module.named_buffers())
        held = {**parameters, **buffers}
        before = {key: tensor.data for key, tensor in held.items()}
        given = {**before, **{key: self.weight(key) for key in held if key in self.initial}, **(changed or {})}

        def put(values: Mapping[str, Any]) -> None:
            for key, value in values.items():
                held[key].data = value

        stack = ExitStack()
        stack.callback(put, before)
        fresh = {key: value.clone() if key in buffers else value for key, value in given.items()}
        put(fresh)
        put({key: fresh[key] for key in changed or {}})  # and what is tied to them
        versions = {key: tensor_version(tensor) for key, tensor in parameters.items()}
        stack.callback(self._forget_written, parameters, versions)
        return stack

    def _forget_written(self, parameters: Mapping[str, Any], versions: Mapping[str, int]) -> None:
        """Parameters that a run has written into, as an embedding with `max_norm` does, are made anew."""
        for key, tensor in parameters.items():
            if tensor_version(tensor) != versions[key]:
                self._made.pop(key, None)


@dataclass(frozen=True)
class Part:
    """What one Keras variable holds of a torch tensor.

    Attributes:
        key: torch's.
        axis, start, stop: which part; the whole if `axis` is None.
        keras: the path of the variable's layer.
    """

    key: str
    shape: tuple[int, ...]
    axis: int | None = None
    start: int = 0
    stop: int = 0
    keras: str = ""

    @property
    def words(self) -> str:
        """`attn.c_attn.weight[:, 128:256]`."""
        if self.axis is None:
            return self.key
        return f"{self.key}[{':, ' * self.axis}{self.start}:{self.stop}]"

    @property
    def module(self) -> str:
        return self.key.rpartition(".")[0]

    def of(self, tensor: Any) -> Any:
        """The part of the tensor."""
        return tensor if self.axis is None else tensor.narrow(self.axis, self.start, self.stop - self.start)


@dataclass
class RunSubject(Subject):
    """A tensor that differs, and torch's model on the way to it. A hypothesis's `wrong(run)` gives another tensor.

    Attributes:
        place: what happens there: the beginning of a sentence.
        run: the model.
        target: the tensor of it.
        torch, keras: what both models give.
        calls: functions that may be other ones in Keras, the nearest to the tensor first.
        entries: which Keras variables hold what of torch's weights.
        ended: paths of the layers that torch has called before.
        pairs: paths of all layers that have a counterpart.
        right: paths of those among them that are right by themselves; what is wrong is then outside.
        spent: seconds that its runs have taken.
    """

    place: str
    run: TorchRun
    target: Target
    torch: Array
    keras: Array
    calls: Sequence[FunctionCall]
    entries: Sequence[Entry] = ()
    ended: Sequence[str] = ()
    pairs: Sequence[str] = ()
    right: frozenset[str] = frozenset()
    exact: bool = True
    spent: float = 0.0

    @property
    def exhausted(self) -> bool:
        return self.spent > SECONDS

    def error(self, wrong: Callable[["RunSubject"], Array | None] | None = None) -> float:
        found = self.torch if wrong is None else self.tried(wrong)
        if found is None or found.shape != self.keras.shape:
            return np.inf
        return float(np.linalg.norm(found - self.keras) / max(float(np.linalg.norm(self.keras)), 1e-300))

    def tried(self, wrong: Callable[["RunSubject"], Array | None]) -> Array | None:
        """What a hypothesis makes of the tensor; None if it does not come to it, or if the time is spent."""
        if self.exhausted:
            return None
        started = time.monotonic()
        try:
            return wrong(self)
        finally:
            self.spent += time.monotonic() - started

    def weight(self, key: str) -> Any:
        """One of torch's initial weights."""
        return self.run.weight(key)

    @cached_property
    def keys(self) -> list[str]:
        """The parameters that these functions are given, in this order."""
        of_tensor = {id(p): key for key, p in self.run.side.module.named_parameters()}
        used = [of_tensor.get(id(x)) for call in self.calls for x in call.tensors]
        return list(dict.fromkeys(key for key in used if key))

    def parts(self, key: str) -> list[Part]:
        """A parameter by what the Keras variables hold of it."""
        shape = tuple(self.run.side.module.get_parameter(key).shape)
        entry = next((entry for entry in self.entries if entry.keys == (key,)), None)
        if entry is None:
            return [Part(key, shape)]
        owners = [variable.path.rpartition("/")[0] for variable in entry.variables]
        if not isinstance(entry.variables_as, Concatenation):
            return [Part(key, shape, keras=owners[0])]
        arrays = entry.variables_as.separate(np.broadcast_to(np.int8(0), shape), len(owners))
        axis, start, found = entry.variables_as.axis % len(shape), 0, []
        for owner, array in zip(owners, arrays, strict=True):
            stop = start + array.shape[axis]
            found.append(Part(key, array.shape, axis, start, stop, owner))
            start = stop
        return found


def instead(call: FunctionCall, other: Instead) -> Callable[[RunSubject], Array | None]:
    """The run with another function in place of one call."""
    return lambda subject: subject.run.tensor(subject.target, {call.place: other})


def with_weights(change: Callable[[RunSubject], Mapping[str, Any]]) -> Callable[[RunSubject], Array | None]:
    """The run with other weights."""
    return lambda subject: subject.run.tensor(subject.target, weights=change(subject))
