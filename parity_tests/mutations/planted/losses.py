"""Losses."""

from collections.abc import Callable
from dataclasses import replace

import tensorflow as tf

from parity_tests.mutations import network as net
from parity_tests.mutations.planted.mutation import BACKWARD, Mutation
from tfvc.parity import ParityCase


def losses(keras_loss: Callable, torch_loss: Callable) -> ParityCase:
    """The network with an L2 loss to its input and an L1 loss of weight 0.1."""

    return replace(
        net.NETWORK,
        keras_losses=lambda model, x, training: keras_loss(model(x["mel"], training=training), x["mel"]),
        torch_losses=lambda module, x: torch_loss(module(x["mel"]), x["mel"]),
    )


def torch_losses(y, x):
    square, absolute = (y - x).square().mean(), (y - x).abs().mean()
    return {"loss": square + 0.1 * absolute, "square": square, "absolute": absolute}


def keras_losses(weight: float = 0.1, mean: Callable = tf.reduce_mean, stop: Callable = lambda y: y) -> Callable:
    def compute(y, x):
        square, absolute = mean(tf.square(y - x)), tf.reduce_mean(tf.abs(stop(y) - x))
        return {"loss": square + weight * absolute, "square": square, "absolute": absolute}

    return compute


def sums_over_batch(x):
    return tf.reduce_sum(tf.reduce_mean(x, [1, 2]))


MUTATIONS = [
    Mutation(
        "loss: sum over the batch",
        "losses",
        lambda: losses(keras_losses(mean=sums_over_batch), torch_losses),
        BACKWARD,
        "loss",
        "loss: sum",
    ),
    Mutation(
        "loss: weight of a term",
        "losses",
        lambda: losses(keras_losses(weight=1.0), torch_losses),
        BACKWARD,
        "loss",
        "loss: weight",
    ),
    Mutation(
        "loss: gradient of a term stopped",
        "stop_gradient",
        lambda: losses(keras_losses(stop=tf.stop_gradient), torch_losses),
        BACKWARD,
        "loss",
        "gradient",
    ),
]
