"""The calls of Keras layers in a run, recorded from outside."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from tfvc.parity.sides.call import Call
from tfvc.parity.sides.structure import take_apart

# Kinds whose activation is applied to the output and nowhere else.
_WITH_ACTIVATION = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


@contextmanager
def traced(layers: Collection[keras.layers.Layer] | None, calls: list[Call] | None = None) -> Iterator[list[Call]]:
    """Records every eager call of these layers (None: of all) made inside, in the order in which they end.

    The models are not touched: all calls of Keras layers pass through `keras.Operation.__call__`, which is wrapped
    meanwhile. There a layer's arguments are complete: `training` and `mask` have been filled in.

    Args:
        layers: which.
        calls: a list that they are added to, for who wants those that were made before something was raised.
    """
    calls = [] if calls is None else calls
    counts: Counter[int] = Counter()
    wanted = None if layers is None else {id(layer) for layer in layers}
    original = keras.Operation.__call__

    def recorded(operation: Any, *args: Any, **kwargs: Any) -> Any:
        is_wanted = isinstance(operation, keras.layers.Layer) and (wanted is None or id(operation) in wanted)
        if not is_wanted or not tf.executing_eagerly():
            return original(operation, *args, **kwargs)
        counts[id(operation)] += 1
        template, inputs = take_apart((args, kwargs), tf.is_tensor)
        call = Call(operation, counts[id(operation)], template, inputs)
        with bare_output(operation) as bare:
            result = original(operation, *args, **kwargs)
        call.outputs = bare or take_apart(result, tf.is_tensor)[1]
        call.bare = bool(bare)
        calls.append(call)
        return result

    keras.Operation.__call__ = recorded
    try:
        yield calls
    finally:
        keras.Operation.__call__ = original


@contextmanager
def bare_output(layer: keras.layers.Layer) -> Iterator[list[tf.Tensor]]:
    """Gathers what a layer gives to the activation that is built into it; stays empty if it has none."""
    seen: list[tf.Tensor] = []
    activation = getattr(layer, "activation", None)
    if not isinstance(layer, _WITH_ACTIVATION) or activation in (None, keras.activations.linear):
        yield seen
        return

    def watched(x: tf.Tensor) -> tf.Tensor:
        seen.append(x)
        return activation(x)

    with ExitStack() as stack:
        stack.callback(setattr, layer, "activation", activation)
        layer.activation = watched
        yield seen
