"""A constant or a step that is float32 on one side, which float64 shows as an error of float32's rounding."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights, on_outputs, with_attributes
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject
from tfvc.parity.findings.stage import StageKind
from tfvc.parity.judging.judgement import FLOOR, UNIT32

_FIX = "Make it in the dtype of what it meets: a Python float, tf.constant(x, y.dtype); do not cast to float32."


@register(TensorSubject)
def tensors(subject: TensorSubject) -> Iterator[Hypothesis]:
    """A factor that was rounded, or the tensor itself."""
    if not 0 < subject.error() <= FLOOR * UNIT32:
        return
    scale = float(np.vdot(subject.torch, subject.keras) / max(np.vdot(subject.torch, subject.torch), 1e-300))
    if 0 < abs(scale - 1) <= UNIT32:
        cause = f"{subject.place} is torch's times {scale:.12g}: a factor is float32 on one side."
        yield Hypothesis("float32: factor", cause, _FIX, lambda x: x * scale)
    yield Hypothesis("float32: step", f"{subject.place} is rounded to float32 in Keras.", _FIX, _rounded)


@register(LayerSubject)
def layers(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A factor, a constant, the input, the weights or the output that was rounded."""
    if subject.what is StageKind.RUNNING_STATISTICS or not 0 < subject.error() <= FLOOR * UNIT32:
        return
    square = sum(float(np.vdot(x, x)) for x in subject.torch.values())
    scale = sum(float(np.vdot(x, subject.keras[k])) for k, x in subject.torch.items()) / max(square, 1e-300)
    if 0 < abs(scale - 1) <= UNIT32:
        what = "The gradient" if subject.what is StageKind.GRADIENTS else "The output"
        cause = f"{what} is torch's times {scale:.12g}: a factor is float32 on one side."
        yield Hypothesis("float32: factor", cause, _FIX, on_outputs(lambda y: y * scale))
        yield Hypothesis("float32: factor", cause, _FIX, on_outputs(lambda y: y * scale + (y - y * scale).detach()))
    ways = {
        "a constant": _with_constants,
        "its input": lambda subject, inputs, weights: subject.reference(_all_rounded(inputs), weights),
        "its output": on_outputs(_rounded),
        "its weights": _with_weights,
    }
    for what, wrong in ways.items():
        yield Hypothesis(f"float32: {what}", f"The layer rounds {what} to float32, in float64 too.", _FIX, wrong)


def _rounded(x: Any) -> Any:
    return x.float().to(x.dtype) if x.is_floating_point() else x


def _all_rounded(tensors: list[Any]) -> list[Any]:
    return [_rounded(x) for x in tensors]


def _with_weights(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
    return subject.reference(inputs, {name: _rounded(x) for name, x in weights.items()})


def _with_constants(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
    """The reference with Python floats as float32 has them: the module's own, and those that it hands to torch."""
    from torch.overrides import TorchFunctionMode

    class Rounded(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return function(*map(_number, args), **{name: _number(x) for name, x in (kwargs or {}).items()})

    own = {name: _number(x) for name, x in vars(subject.module).items() if isinstance(x, float)}
    forward: Forward = with_attributes(**own)
    with Rounded():
        return forward(subject, inputs, weights)


def _number(x: Any) -> Any:
    return float(np.float32(x)) if isinstance(x, float) else x
