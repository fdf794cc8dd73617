"""A Keras model whose dropouts drop nothing, and say what they would have dropped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import keras
import tensorflow as tf

from tfvc.parity.sides.drop import Drop

# Layers that draw numbers of their own; which attribute says how much.
_DRAWING = {
    keras.layers.AlphaDropout: "rate",
    keras.layers.GaussianDropout: "rate",
    keras.layers.GaussianNoise: "stddev",
}


@contextmanager
def without_dropout(drops: list[Drop]) -> Iterator[None]:
    """Inside, `tf.nn`'s dropouts, on which Keras's stand, and Keras's layers of noise give what they are given.

    A function that a module has imported by its own name, such as `from tensorflow.nn import dropout`, stays as it is.

    Args:
        drops: every dropout that is asked for is added to it, but for those in graphs.
    """
    running: list[str] = []
    places = [(tf.nn, "dropout"), (tf.nn.experimental, "stateless_dropout"), (keras.Operation, "__call__")]
    places += [(layer, "call") for layer in _DRAWING]
    before = [(owner, name, vars(owner)[name]) for owner, name in places]
    called = keras.Operation.__call__

    @tf.autograph.experimental.do_not_convert
    def drop(x: Any, rate: Any, *args: Any, noise_shape: Any = None, **kwargs: Any) -> Any:
        if tf.executing_eagerly():
            given = [None] * x.shape.rank if noise_shape is None else noise_shape
            sizes = [own if size is None else int(size) for size, own in zip(given, x.shape, strict=True)]
            _add(drops, rate, sizes, running)
        return tf.convert_to_tensor(x)

    @tf.autograph.experimental.do_not_convert
    def recorded(operation: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(operation, keras.layers.Layer):
            return called(operation, *args, **kwargs)
        running.append(getattr(operation, "path", None) or operation.name)
        try:
            return called(operation, *args, **kwargs)
        finally:
            running.pop()

    tf.nn.dropout = tf.nn.experimental.stateless_dropout = drop
    keras.Operation.__call__ = recorded
    for layer, attribute in _DRAWING.items():
        layer.call = _bare(attribute, drops, running)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _bare(attribute: str, drops: list[Drop], running: list[str]) -> Callable[..., Any]:
    @tf.autograph.experimental.do_not_convert
    def call(layer: Any, inputs: Any, training: bool = False) -> Any:
        if training and getattr(layer, attribute) and tf.executing_eagerly():
            _add(drops, getattr(layer, attribute), inputs.shape, running)
        return inputs

    return call


def _add(drops: list[Drop], rate: Any, sizes: Sequence[int], running: list[str]) -> None:
    drops.append(Drop(float(rate), prod(sizes), running[-1] if running else "", tuple(running)))
