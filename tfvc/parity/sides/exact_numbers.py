"""Python floats as they are: what the float64 twin of a Keras model computes with.

TensorFlow makes a Python float a float32 before it casts it: `tf.cast(0.1, "float64")` is 0.10000000149. So the 0.5 of
a GELU is right in float64, but not its 0.044715, nor the root of an attention's head size, nor an optimizer's beta.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfvc.parity.private_parts import keras_conversions, math_operations

_WIDE = (tf.float64, tf.complex128)
# What stands in each place outside of all contexts, while there is one.
_plain: dict[tuple[int, str], tuple[Any, Any]] = {}


@contextmanager
def exact_numbers(exact: bool = True) -> Iterator[None]:
    """Inside, a Python number that is cast to float64 keeps its digits; so does one that a Keras operation takes.

    That is, in `tf.cast` and its like in TensorFlow and Keras, in lists too; and a slope of `tf.nn.leaky_relu`, which
    TensorFlow keeps as a float32 whatever it works on. What a module has imported by its own name, such as
    `from tensorflow import cast`, stays as it is. All is put back at the end.

    Args:
        exact: False makes all as it is outside, for a context within another.
    """
    before = [(module, name, vars(module)[name]) for module, name in _places()]
    outermost = not _plain
    if outermost:
        _plain.update({(id(module), name): (module, value) for module, name, value in before})
    for module, name, _ in before:
        _, plain = _plain[id(module), name]
        setattr(module, name, _EXACT[name](plain) if exact else plain)
    try:
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
        if outermost:
            _plain.clear()


def _places() -> list[tuple[Any, str]]:
    """Modules and the names in them that hold what is exchanged."""
    casts = [(module, "cast") for module in (tf, tf.dtypes, math_operations())]
    return [*casts, (tf.nn, "leaky_relu"), *((module, "convert_to_tensor") for module in keras_conversions())]


def _exact_cast(plain: Callable[..., Any]) -> Callable[..., Any]:
    @tf.autograph.experimental.do_not_convert
    def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
        wide = tf.as_dtype(dtype).base_dtype
        if wide in _WIDE and _of_numbers(x):
            x = tf.convert_to_tensor(x, dtype_hint=wide)
        return plain(x, dtype, name=name)

    return cast


def _exact_conversion(plain: Callable[..., Any]) -> Callable[..., Any]:
    @tf.autograph.experimental.do_not_convert
    def convert_to_tensor(x: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        if dtype is None and _of_numbers(x):
            dtype = "float64"
        return plain(x, dtype, *args, **kwargs)

    return convert_to_tensor


def _exact_leaky_relu(plain: Callable[..., Any]) -> Callable[..., Any]:
    @tf.autograph.experimental.do_not_convert
    def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Any:
        features = tf.convert_to_tensor(features)
        if features.dtype != tf.float64:
            return plain(features, alpha, name=name)
        return tf.where(features > 0, features, features * tf.convert_to_tensor(alpha, features.dtype), name=name)

    return leaky_relu


_EXACT = {"cast": _exact_cast, "convert_to_tensor": _exact_conversion, "leaky_relu": _exact_leaky_relu}


def _of_numbers(x: Any) -> bool:
    """Whether it is a Python float, or a list of lists of numbers with one among them."""
    if isinstance(x, (list, tuple)):
        flat = list(_flat(x))
        return any(isinstance(item, float) for item in flat) and all(isinstance(i, (int, float)) for i in flat)
    return isinstance(x, (float, complex))


def _flat(x: Any) -> Iterator[Any]:
    for item in x:
        if isinstance(item, (list, tuple)):
            yield from _flat(item)
        else:
            yield item
