"""What the harness needs of Keras and PyTorch that they do not promise to keep: all of it, with a test for each.

When one of the tests fails with a new version of a framework, this is the file to change.
"""

import collections
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import keras
import numpy as np


@contextmanager
def fresh_layer_names() -> Iterator[None]:
    """Layers without a name are numbered as in a new process, so that twins get the same names."""
    from keras.src.backend.common import global_state

    before = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", collections.defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", before or collections.defaultdict(int))


def sublayers(model: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The model and every layer in it, in an order that is the same for each model of a factory."""
    return list(model._flatten_layers())


def direct_variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    """The variables of a layer without those of the layers in it."""
    return [*layer._trainable_variables, *layer._non_trainable_variables]


def slot_variables(optimizer: Any) -> dict[str, list[keras.Variable]]:
    """The slots of an optimizer under common names, as far as it has them; those of Keras's own are private.

    The momentum of RMSprop is one of updates.
    """
    names = {
        "updates" if isinstance(optimizer, keras.optimizers.RMSprop) else "momentum": ("momentums", "_momentums", "_m"),
        "velocity": ("velocities", "_velocities", "_accumulators", "_accumulated_grads"),
        "largest velocity": ("_velocity_hats",),
        "largest gradient": ("_u",),
        "mean gradient": ("_average_gradients",),
        "squared updates": ("_accumulated_delta_vars",),
    }
    found = {name: [getattr(optimizer, attribute, None) for attribute in these] for name, these in names.items()}
    return {name: next(filter(None, lists)) for name, lists in found.items() if any(lists)}


def learning_rate(optimizer: Any, step: int) -> float | None:
    """That of a Keras optimizer in a step, from 1; None if it has none. By itself it gives that of the next one."""
    rate = getattr(optimizer, "_learning_rate", getattr(optimizer, "learning_rate", None))
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rate = rate(step - 1)
    return None if rate is None or (callable(rate) and not hasattr(rate, "dtype")) else float(np.asarray(rate))


def math_operations() -> Any:
    """TensorFlow's module of operations, whose `cast` its own functions call."""
    from tensorflow.python.ops import math_ops

    return math_ops


def keras_conversions() -> list[Any]:
    """The modules of Keras's backend that have its `convert_to_tensor`, where it is called from."""
    from keras.src import backend
    from keras.src.backend import tensorflow as implementation

    modules = [module for module in vars(implementation).values() if isinstance(module, ModuleType)]
    return [module for module in [backend, implementation, *modules] if "convert_to_tensor" in vars(module)]


def tensor_version(tensor: Any) -> int:
    """How often a torch tensor has been changed in place."""
    return tensor._version


def forward_pre_hooks(module: Any) -> list[Any]:
    """What a torch module runs before its forward: spectral norm is such a hook."""
    return list(module._forward_pre_hooks.values())


def weight_norm_kernel(v: Any, g: Any) -> Any:
    """g v / |v|, the length over all axes but the first, rounded as torch's own weight norm rounds it."""
    import torch

    return torch._weight_norm(v, g, 0)


def innermost_cause(error: BaseException) -> BaseException:
    """What a model itself raised, where TensorFlow wraps it as it traces a graph: its type, message and frames."""
    while hasattr(error, "ag_error_metadata") and hasattr(error.__context__, "ag_error_metadata"):
        error = error.__context__
    return error


def source_lines(error: BaseException) -> list[tuple[str, int]]:
    """File and line, the innermost first, of what a graph was traced from; empty if it was not."""
    metadata = getattr(error, "ag_error_metadata", None)
    return [] if metadata is None else [(frame.filename, frame.lineno) for frame in metadata.translated_stack]


def first_line(error: BaseException) -> str:
    """The first line of a message that says what is wrong; TensorFlow and TorchScript tell where, before it."""
    text = re.sub(r"\{\{function_node .*?\}\} ?| *\[Op:\w+\].*", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    if "Traceback of TorchScript" in text:
        return lines[-1]
    if lines[0] == "Graph execution error:":
        places = ("Graph execution error", "Detected at node", "<stack traces unavailable>", "File ", "[[")
        told = [line for line in text.splitlines()[1:] if line.strip() and not line.startswith((" ", *places))]
        return next(iter(told), lines[0])
    return lines[0]


@contextmanager
def whole_tracebacks() -> Iterator[None]:
    """Keras and TensorFlow raise what was raised, as it was: with all frames, and nothing written into the message."""
    import tensorflow as tf

    of_keras, of_tensorflow = (
        keras.config.is_traceback_filtering_enabled(),
        tf.debugging.is_traceback_filtering_enabled(),
    )
    keras.config.disable_traceback_filtering()
    tf.debugging.disable_traceback_filtering()
    try:
        yield
    finally:
        if of_keras:
            keras.config.enable_traceback_filtering()
        if of_tensorflow:
            tf.debugging.enable_traceback_filtering()
