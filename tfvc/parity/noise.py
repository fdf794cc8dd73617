"""Randomness as an input: both models are given the same numbers in place of those that they would draw.

    ParityCase(
        ...
        inputs=lambda rng: {"x": rng.standard_normal((2, 40, 80)), "noise": rng.standard_normal((2, 40, 192))},
        keras_forward=lambda model, x, training: {"z": keras_drawn(lambda: model(x["x"]), x["noise"])},
        torch_forward=lambda module, x: {"z": torch_drawn(lambda: module(x["x"]), x["noise"].transpose(1, 2))},
    )

Draws are standard: normal numbers of mean 0 and deviation 1, uniform ones in [0, 1). What a model makes of them, such
as another mean, deviation or range, is its part of the comparison.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from tfvc.common.errors import TfvcError

T = TypeVar("T")


def _span(low: Any = 0, high: Any = None, **kwargs: Any) -> tuple[Any, Any]:
    """Offset and scale of uniform numbers."""
    return low, (1 if high is None else high) - low


class _Draws:
    """Tensors that are handed out one after the other.

    Args:
        side: what messages call the model.
        given: the tensors, in the order of the model's draws.
    """

    def __init__(self, side: str, given: tuple[Any, ...]):
        self._side, self._given, self._taken = side, given, 0

    def next(self, shape: tuple[int | None, ...]) -> Any:
        """The next tensor. Raises TfvcError if there is none, or it does not fit the shape that is drawn."""
        self._taken += 1
        if self._taken > len(self._given):
            raise TfvcError(f"{self._side} draws {self._taken} tensors or more, the case gives it {len(self._given)}")
        tensor = self._given[self._taken - 1]
        given = tuple(tensor.shape)
        if len(given) != len(shape) or any(None not in (a, b) and a != b for a, b in zip(given, shape, strict=True)):
            raise TfvcError(f"{self._side}: draw {self._taken} has the shape {shape}, what the case gives {given}")
        return tensor

    def finish(self) -> None:
        """Raises TfvcError if something is left."""
        if self._taken < len(self._given):
            raise TfvcError(f"{self._side} draws {self._taken} tensors, the case gives it {len(self._given)}")


def torch_drawn(call: Callable[[], T], *given: Any) -> T:
    """What a call of a torch module gives if all that it draws is what is given.

    Of torch's functions those are meant that draw normal or uniform numbers: `randn`, `rand`, `normal`, `randn_like`,
    `rand_like`, `Tensor.normal_` and `Tensor.uniform_`.

    Args:
        call: a function without arguments.
        given: tensors in torch's layout, one for each draw.

    Raises:
        TfvcError: if the module draws more or fewer tensors, or of other shapes.
    """
    from torch.overrides import TorchFunctionMode

    draws = _Draws("the torch module", given)

    class Given(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            drawn = function(*args, **(kwargs or {}))
            name = getattr(function, "__name__", "")
            if name not in _TORCH_SCALES:
                return drawn
            first, second = _TORCH_SCALES[name](*args, **(kwargs or {}))
            wanted = first + second * draws.next(tuple(drawn.shape)).to(drawn)
            return drawn.copy_(wanted) if name.endswith("_") else wanted

    with Given():
        found = call()
    draws.finish()
    return found


_BOUNDS = {"from": "low", "to": "high"}
# Offset and scale of what each function draws, from its own arguments.
_TORCH_SCALES: dict[str, Callable[..., tuple[Any, Any]]] = {
    "randn": lambda *args, **kwargs: (0, 1),
    "randn_like": lambda *args, **kwargs: (0, 1),
    "rand": lambda *args, **kwargs: (0, 1),
    "rand_like": lambda *args, **kwargs: (0, 1),
    "normal": lambda mean=0, std=1, *args, **kwargs: (mean, std),
    "normal_": lambda tensor, mean=0, std=1, **kwargs: (mean, std),
    "uniform_": lambda tensor, *args, **kwargs: _span(*args, **{_BOUNDS.get(k, k): v for k, v in kwargs.items()}),
}


# While a model is built, Keras calls it once more than asked for, and draws its initial weights.
_BUILDING: ContextVar[bool] = ContextVar("building", default=False)


@contextmanager
def building() -> Iterator[None]:
    """A Keras model that is called inside, for the first time, draws what it likes."""
    token = _BUILDING.set(True)
    try:
        yield
    finally:
        _BUILDING.reset(token)


def keras_drawn(call: Callable[[], T], *given: Any) -> T:
    """What a call of a Keras model gives if all that it draws is what is given.

    Of `keras.random` and `tf.random` those functions are meant that draw normal or uniform numbers. One of `tf.random`
    that a module has imported by its own name is not seen: the draw is then missing, which is an error.

    Args:
        call: a function without arguments.
        given: tensors in Keras's layout, one for each draw.

    Raises:
        TfvcError: if the model draws more or fewer tensors, or of other shapes.
    """
    if _BUILDING.get():
        return call()
    draws = _Draws("the Keras model", given)
    with _tensorflow_draws(draws):
        found = call()
    draws.finish()
    return found


@contextmanager
def _tensorflow_draws(draws: _Draws) -> Iterator[None]:
    """TensorFlow's own functions, on which Keras's stand, give what is given."""
    import tensorflow as tf

    def drawing(original: Callable[..., Any], scale: Callable[..., tuple[Any, Any]]) -> Callable[..., Any]:
        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = original(*args, **kwargs)
            if not drawn.dtype.is_floating:
                return drawn
            # A number that is cast would be rounded to float32 on the way.
            first, second = (tf.convert_to_tensor(value, drawn.dtype) for value in scale(*args, **kwargs))
            return first + second * tf.cast(draws.next(tuple(drawn.shape)), drawn.dtype)

        return draw

    originals = {name: getattr(tf.random, name) for name in _TENSORFLOW_SCALES}
    try:
        for name, original in originals.items():
            setattr(tf.random, name, drawing(original, _TENSORFLOW_SCALES[name]))
        yield
    finally:
        for name, original in originals.items():
            setattr(tf.random, name, original)


_TENSORFLOW_SCALES: dict[str, Callable[..., tuple[Any, Any]]] = {
    "normal": lambda shape, mean=0.0, stddev=1.0, *args, **kwargs: (mean, stddev),
    "uniform": lambda shape, minval=0, maxval=None, *args, **kwargs: _span(minval, maxval),
    "stateless_normal": lambda shape, seed, mean=0.0, stddev=1.0, *args, **kwargs: (mean, stddev),
    "stateless_uniform": lambda shape, seed, minval=0, maxval=None, *args, **kwargs: _span(
        minval, 1 if maxval is None else maxval
    ),
}
