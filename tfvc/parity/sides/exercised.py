"""Which parts of torch's piecewise functions a comparison's inputs reach.

A port whose ReLU ends at 5 gives what one that ends at 6 gives, as long as nothing is larger than 5. That such a part
was never reached is no difference, and no proof of equality either.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from tfvc.parity.findings.unexercised import Branch, Unexercised
from tfvc.parity.sides.torch_functions import FunctionCall, watching

# What a function is put together of: between which bounds it is another one than outside of them.
Bounds = tuple[float | None, float | None]
_ZERO = ("relu", "leaky_relu", "prelu", "elu", "selu", "celu", "rrelu")
_THREE = ("hardsigmoid", "hardswish")
_CLAMPS = ("clamp", "clip")


class Exercised:
    """What the runs of a model have reached so far."""

    def __init__(self):
        self._reached: dict[Unexercised, bool] = {}

    @property
    def missing(self) -> list[Unexercised]:
        """What no run has come to, in the order of the calls."""
        return [part for part, reached in self._reached.items() if not reached]

    def watching(self, module: Any) -> AbstractContextManager[None]:
        """Inside, what the module's functions are given is looked at."""
        return watching(module, self._see, ahead=True)

    def _see(self, call: FunctionCall) -> None:
        for branch, bound, reached in _parts(call):
            part = Unexercised(call.path, call.name, branch, bound)
            self._reached[part] = self._reached.get(part, False) or reached()


def _parts(call: FunctionCall) -> Iterator[tuple[Branch, float, Callable[[], bool]]]:
    """The parts of a function, and whether this call reaches them."""
    low, high = _bounds(call)
    row = call.kwargs.get("padding_idx") if call.name == "embedding" else None
    given = call.tensors if (low, high, row) != (None, None, None) else []
    if not given:
        return
    x = given[0]
    if row is not None and row >= 0:
        yield Branch.ROW, row, lambda: bool((x == row).any())
    if low is not None and x.is_floating_point():
        yield Branch.BELOW, low, lambda: bool((x < low).any())
    if high is not None and x.is_floating_point():
        yield Branch.ABOVE, high, lambda: bool((x > high).any())


def _bounds(call: FunctionCall) -> Bounds:
    if call.name in _ZERO:
        return 0.0, 0.0
    if call.name in _THREE:
        return -3.0, 3.0
    if call.name == "relu6":
        return 0.0, 6.0
    numbers = [value for value in call.args[1:] if value is None or isinstance(value, (int, float))]
    named = call.kwargs.get
    if call.name == "hardtanh":
        low, high = [*numbers, -1.0, 1.0][:2] if len(numbers) != 1 else (numbers[0], 1.0)
        return float(named("min_val", low)), float(named("max_val", high))
    if call.name in _CLAMPS:
        low, high = [*numbers, None, None][:2]
        return _number(named("min", low)), _number(named("max", high))
    return None, None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
