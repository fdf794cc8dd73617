"""Sums of gradients whose bits are the same every time."""

import functools

import tensorflow as tf
from tensorflow.python import pywrap_tfe
from tensorflow.python.eager import backprop


def sum_gradients_in_order() -> None:
    """Makes a training step on a CPU give the same bits from run to run, and so a resumed run those of an unbroken one.

    The gradients of a tensor with several consumers are summed by TensorFlow's `AddN`. It writes into the first of its
    addends whose buffer nobody else holds at that moment, and begins the sum with that one: with three or more
    addends the rounding depends on which operations happened to be done (`tf.config.experimental.enable_op_determinism`
    does not prevent that). One step of a MelGAN, repeated 14 times on two cores, gave two results to nine; with what
    is done here, one. Here they are added one to another in their order, and the graph optimizer that would make an
    `AddN` of such a chain is switched off.

    TensorFlow has no public way to say how a `tf.GradientTape` adds. This holds for the process, for what is traced
    after the call.
    """
    added = backprop._default_vspace._replace(aggregate_fn=_sum_in_order)
    pywrap_tfe.TFE_Py_RegisterVSpace(added)
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})


def _sum_in_order(gradients: list) -> tf.Tensor | tf.IndexedSlices:
    """The sum of the gradients of one tensor; of sparse ones as TensorFlow has it."""
    if all(isinstance(gradient, tf.Tensor) for gradient in gradients):
        return functools.reduce(tf.add, gradients)
    return backprop._aggregate_grads(gradients)
