"""Sums of gradients whose bits are the same every time. All private parts of TensorFlow that this takes are here."""

import contextlib
import functools
import warnings
from collections.abc import Iterator

import tensorflow as tf

try:
    from tensorflow.python import pywrap_tfe
    from tensorflow.python.eager import backprop

    _SPACE = backprop._default_vspace
    _ORDERED_SPACE = _SPACE._replace(aggregate_fn=lambda gradients: _sum_in_order(gradients))
    _sum_unordered, _register = backprop._aggregate_grads, pywrap_tfe.TFE_Py_RegisterVSpace
except (ImportError, AttributeError):
    _SPACE = None

_OPTION = "arithmetic_optimization"
# How many of the contexts below are entered: the outermost one restores.
_entered = 0


@contextlib.contextmanager
def ordered_sums() -> Iterator[None]:
    """Inside, a training step on a CPU gives the same bits from run to run; so a resumed run gives those of an unbroken
    one.

    The gradients of a tensor with several consumers are summed by TensorFlow's `AddN`. It writes into the first of its
    addends whose buffer nobody else holds at that moment, and begins the sum with that one: with three or more
    addends the rounding depends on which operations happened to be done (`tf.config.experimental.enable_op_determinism`
    does not prevent that). One step of a MelGAN, repeated 14 times on two cores, gave two results to nine; with what
    is done here, one. Here they are added one to another in their order, and the graph optimizer that would make an
    `AddN` of such a chain is switched off.

    TensorFlow has no public way to say how a `tf.GradientTape` adds. This holds for all of the process while the
    context is entered, for what is traced and first run in it; then tapes add as before. Where this TensorFlow has
    other private parts, a warning says what is lost, and sums are TensorFlow's.
    """
    global _entered
    if _SPACE is None:
        warnings.warn(
            f"TensorFlow {tf.__version__} cannot be told the order in which gradients are added: training goes on, but "
            "a run that is repeated or resumed may differ in the last bits",
            stacklevel=3,
        )
        yield
        return
    before = tf.config.optimizer.get_experimental_options().get(_OPTION, True)
    _register(_ORDERED_SPACE)
    tf.config.optimizer.set_experimental_options({_OPTION: False})
    _entered += 1
    try:
        yield
    finally:
        _entered -= 1
        tf.config.optimizer.set_experimental_options({_OPTION: before})
        if not _entered:
            _register(_SPACE)


def _sum_in_order(gradients: list) -> tf.Tensor | tf.IndexedSlices:
    """The sum of the gradients of one tensor; of sparse ones as TensorFlow has it."""
    if all(isinstance(gradient, tf.Tensor) for gradient in gradients):
        return functools.reduce(tf.add, gradients)
    return _sum_unordered(gradients)
