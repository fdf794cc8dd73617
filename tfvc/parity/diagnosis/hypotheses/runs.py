"""What a port may do otherwise between layers, tried on torch's model: functions, weights that no layer pair has."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.explain import FEW, VANISHED
from tfvc.parity.diagnosis.hypotheses.functions import changes_of
from tfvc.parity.diagnosis.hypotheses.functions.numbers import rounded
from tfvc.parity.diagnosis.hypotheses.other_weights import FIX, NAME, of_the_same_shapes
from tfvc.parity.diagnosis.hypotheses.tensor_changes import arrangements
from tfvc.parity.diagnosis.hypothesis import Hypothesis, guarded, register
from tfvc.parity.diagnosis.subjects.run import Part, RunSubject, instead, with_weights
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.sides.torch_functions import FunctionCall, Instead


@register(RunSubject)
def indices(subject: RunSubject) -> Iterator[Hypothesis]:
    """An embedding is fed indices that are off, and go round where the table ends."""
    path = "" if subject.target.is_output else subject.target.path
    rows = getattr(subject.run.side.module.get_submodule(path), "num_embeddings", 0)
    if not rows or subject.torch.dtype.kind not in "iu" or subject.torch.size < 2:
        return
    for shift in (1, -1, 2, -2):
        for words, moved in (
            (", the last one the first", lambda subject, s=shift: (subject.torch + s) % rows),
            (" within the table", lambda subject, s=shift: np.clip(subject.torch + s, 0, rows - 1)),
        ):
            yield Hypothesis(
                "index",
                f"{subject.place}: each index is torch's {shift:+d}{words}.",
                f"Move the indices by {-shift:+d}, or the rows of the table.",
                moved,
            )


@register(RunSubject)
def functions(subject: RunSubject) -> Iterator[Hypothesis]:
    """Another function than torch's."""
    for call in subject.calls:
        yield from guarded(call.name, lambda call=call: _changed(subject, call))


def _changed(subject: RunSubject, call: FunctionCall) -> Iterator[Hypothesis]:
    for change in changes_of(call):
        yield Hypothesis(
            change.name,
            f"{subject.place}: {change.words}.",
            change.fix,
            instead(call, change.other),
            where=_holding(subject, call.path),
        )


def _holding(subject: RunSubject, path: str) -> str:
    """The path, or that of the block around it if it is a layer without weights."""
    module = subject.run.side.module.get_submodule(path)
    bare = not any(True for _ in module.parameters()) and not any(True for _ in module.children())
    return path.rpartition(".")[0] if bare else path


@register(RunSubject)
def weights(subject: RunSubject) -> Iterator[Hypothesis]:
    """A weight, or the part of it that a Keras layer holds, in another arrangement."""
    for key in subject.keys:
        parts = subject.parts(key)
        for part in parts:
            for kind, words, change in arrangements(part.shape):
                said = f"torch's {part.words} {words}"
                yield _of_part(subject, part, f"weight: {kind}", said, {part: (part, change)})
        for one, other in combinations(parts, 2):
            if one.shape == other.shape:
                said = f"torch's {one.words} and {other.words} exchanged"
                swapped = {one: (other, _as_it_is), other: (one, _as_it_is)}
                yield _of_part(subject, one, "weight: exchanged", said, swapped)


def _as_it_is(tensor: Any) -> Any:
    return tensor


def _of_part(
    subject: RunSubject, part: Part, name: str, said: str, changed: Mapping[Part, tuple[Part, Callable[[Any], Any]]]
) -> Hypothesis:
    """Parts of one weight that are filled with another one, changed."""

    def made(subject: RunSubject) -> dict[str, Any]:
        right = subject.weight(part.key)
        wrong = right.clone()
        for filled, (source, change) in changed.items():
            filled.of(wrong).copy_(change(source.of(right)))
        return {part.key: wrong}

    if part.module in subject.right:
        fix = f"The layer by itself is right: look at what is done with {part.words} behind it."
        return Hypothesis(name, f"{subject.place}: it is as if the layer had {said}.", fix, with_weights(made))
    fix = f"Load {part.words} as it is in torch; check how the layer uses it."
    cause = f"The layer has {said}."
    return Hypothesis(name, cause, fix, with_weights(made), Fault.LAYER, part.module, part.keras)


@register(RunSubject)
def scaled_weights(subject: RunSubject) -> Iterator[Hypothesis]:
    """A weight times a number, which is measured."""
    for part in (part for key in subject.keys for part in subject.parts(key)):
        twice = subject.tried(_of_part(subject, part, "", "", {part: (part, lambda w: w * 2)}).wrong)
        times = _times(subject, twice)
        if times:
            said = f"torch's {part.words} times {times:.10g}"
            yield _of_part(subject, part, "weight: scale", said, {part: (part, lambda w, n=times: w * n)})


@register(RunSubject)
def scaled_results(subject: RunSubject) -> Iterator[Hypothesis]:
    """What a function gives times a number, which is measured."""
    for call in subject.calls:
        times = _times(subject, subject.tried(instead(call, _times_of(2.0))))
        if times:
            yield Hypothesis(
                "scale",
                f"{subject.place}: the result of {call.name} is multiplied by {times:.10g}, which torch does not do.",
                f"Multiply it by {1 / times:.10g}, or take away what scales it.",
                instead(call, _times_of(times)),
                where=_holding(subject, call.path),
            )


def _times(subject: RunSubject, twice: np.ndarray | None) -> float:
    """The factor with which a thing enters Keras's tensor, if the tensor goes linearly with it; else 0.

    Of few elements none: one number fits any of them.

    Args:
        subject: the run.
        twice: torch's tensor where the factor is 2.
    """
    if twice is None or twice.shape != subject.keras.shape or twice.size <= FEW:
        return 0.0
    slope, difference = twice - subject.torch, subject.keras - subject.torch
    found = float(np.vdot(slope, difference) / max(np.vdot(slope, slope), 1e-300))
    left = np.linalg.norm(difference - found * slope)
    return 1 + found if found and left <= VANISHED * np.linalg.norm(difference) else 0.0


def _times_of(factor: float) -> Instead:
    def other(function: Any, args: tuple, kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return result * factor if hasattr(result, "is_floating_point") and result.is_floating_point() else result

    return other


@register(RunSubject)
def coarse_parts(subject: RunSubject) -> Iterator[Hypothesis]:
    """A part of a projection's result that one of several Keras layers keeps in fewer digits."""
    import torch

    of_tensor = {id(p): key for key, p in subject.run.side.module.named_parameters()}
    for call in subject.calls:
        keys = [of_tensor[id(x)] for x in call.tensors if id(x) in of_tensor]
        parts = next((parts for key in keys if len(parts := subject.parts(key)) > 1), [])
        for part in parts:
            for dtype in (torch.bfloat16, torch.float16, torch.float32):
                name = str(dtype).removeprefix("torch.")
                for way in ((dtype,), (torch.float32, dtype)):
                    yield Hypothesis(
                        "coarse precision",
                        f"What the layer gives is kept in {name}.",
                        f"Compute in the model's own dtype, not in {name}.",
                        instead(call, _rounded(part, way)),
                        Fault.LAYER,
                        part.module,
                        part.keras,
                    )


def _rounded(part: Part, way: Sequence[Any]) -> Instead:
    def other(function: Any, args: tuple, kwargs: Any) -> Any:
        result = function(*args, **kwargs).clone()
        cut = result[..., part.start : part.stop]
        cut.copy_(rounded(cut, way))
        return result

    return other


@register(RunSubject)
def weights_of_another_module(subject: RunSubject) -> Iterator[Hypothesis]:
    """A module has the weights of another one of the same kind."""
    modules = dict(subject.run.side.module.named_modules())
    for path in dict.fromkeys(key.rpartition(".")[0] for key in subject.keys):
        for other, module in of_the_same_shapes(path, modules[path], modules):
            names = [name for name, _ in module.named_parameters(recurse=False)]
            keys = {".".join(filter(None, (path, name))): ".".join(filter(None, (other, name))) for name in names}
            wrong = with_weights(lambda subject, keys=keys: {a: subject.weight(b) for a, b in keys.items()})
            yield Hypothesis(NAME, f"{path} has the weights of {other} in Keras.", FIX, wrong, Fault.LAYER, path)
