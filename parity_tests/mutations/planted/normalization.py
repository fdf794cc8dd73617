"""Batch norm and layer norm."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from parity_tests.mutations import network as net
from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, Mutation
from tfvc import layers
from tfvc.cases.layers import normal_inputs, without_training
from tfvc.parity import LayerTable, ParityCase
from tfvc.parity.case import torch_call_channels_first
from tfvc.weights import entries_of


class KerasMomentum(layers.BatchNorm):
    """Takes Keras's momentum for torch's."""

    def __init__(self, **kwargs):
        super().__init__(momentum=0.9, **kwargs)


class BiasedVariance(layers.BatchNorm):
    """Keeps the biased variance, as Keras does."""

    def _values_per_channel(self, x):
        return tf.constant(1e30, x.dtype)


class AlwaysInference(layers.BatchNorm):
    """Called without `training`."""

    def call(self, x, training=False):
        return super().call(x, training=False)


class AlwaysTraining(layers.BatchNorm):
    """`training=True` written into the model; the running statistics are right, for they are moved in training only."""

    def call(self, x, training=False):
        mean, variance = tf.nn.moments(x, [0, 1])
        if training:
            return super().call(x, training=True)
        return (x - mean) * self.gamma * tf.math.rsqrt(variance + self.epsilon) + self.beta


class WithoutMeanGradient(layers.BatchNorm):
    """Takes the batch's mean for a constant in the gradient."""

    def _batch_statistics(self, x):
        mean, variance = super()._batch_statistics(x)
        return tf.stop_gradient(mean), variance


class UnbiasedNormalization(layers.BatchNorm):
    """Normalises by the unbiased variance."""

    def _batch_statistics(self, x):
        mean, variance = super()._batch_statistics(x)
        count = self._values_per_channel(x)
        return mean, variance * count / (count - 1)


class EpsilonOutside(layers.BatchNorm):
    """Adds epsilon to the root."""

    def call(self, x, training=False):
        mean, variance = self._batch_statistics(x) if training else (self.moving_mean, self.moving_variance)
        return (x - mean) / (tf.sqrt(tf.convert_to_tensor(variance)) + self.epsilon) * self.gamma + self.beta


class TimeBatchNorm(layers.BatchNorm):
    """`BatchNormalization` after a transpose: it normalises the time axis."""

    def call(self, x, training=False):
        return tf.transpose(super().call(tf.transpose(x, [0, 2, 1]), training=training), [0, 2, 1])


class HandWrittenBatchNorm(layers.BatchNorm):
    """The article's own: moments of the batch in both modes, scale and shift along time, no running statistics."""

    def call(self, x, training=False):
        x = tf.transpose(x, [0, 2, 1])  # channels first, as the article has it
        mean, variance = tf.nn.moments(x, [0, 2])
        y = (x - mean[None, :, None]) / tf.sqrt(variance[None, :, None] + self.epsilon)
        return tf.transpose(y * self.gamma + self.beta, [0, 2, 1])


class ConvAndNorm(keras.layers.Layer):
    """The last block of AutoVC's postnet: 512 to 80 channels."""

    def __init__(self, norm: Callable[[], Any], **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv1D(80, 5, padding=2)
        self.norm = norm()

    def call(self, x, training=False):
        return self.norm(self.conv(x), training=training)


def postnet_block(norm: Callable[[], Any]) -> ParityCase:
    """Of 80 frames, as many as channels: only so do the shapes let a norm over time pass."""

    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Conv1d(512, 80, 5, padding=2), nn.BatchNorm1d(80))

    def entries(model):
        pairs = (("0", model.conv), ("1", model.norm))
        return [entry for path, layer in pairs for entry in entries_of(path, layer)]

    return ParityCase(
        "postnet block",
        lambda: ConvAndNorm(norm),
        torch_module,
        entries,
        normal_inputs(2, 80, 512),
        torch_forward=torch_call_channels_first,
    )


def layer_norm_epsilon() -> ParityCase:
    return ParityCase(
        "layer norm",
        lambda: net.DenseAndNorm(epsilon=1e-3),
        net.torch_dense_and_norm,
        LayerTable({"0": "first", "1": "norm", "2": "second"}),
        normal_inputs(2, 12, 80),
        keras_forward=without_training,
    )


MUTATIONS = [
    Mutation(
        "batch norm: epsilon",
        "batch norm",
        lambda: part("norm", lambda: layers.BatchNorm(epsilon=1e-3)),
        FORWARD,
        "norm",
        "epsilon",
    ),
    Mutation(
        "batch norm: momentum 0.01",
        "batch norm",
        lambda: part("norm", lambda: layers.BatchNorm(momentum=0.01)),
        FORWARD,
        "norm",
        "momentum",
    ),
    Mutation(
        "batch norm: momentum reversed", "batch norm", lambda: part("norm", KerasMomentum), FORWARD, "norm", "momentum"
    ),
    Mutation(
        "batch norm: biased running variance",
        "batch norm",
        lambda: part("norm", BiasedVariance),
        FORWARD,
        "norm",
        "biased running",
    ),
    Mutation(
        "batch norm: called without training",
        "batch norm",
        lambda: part("norm", AlwaysInference),
        FORWARD,
        "norm",
        "training flag",
    ),
    Mutation(
        "batch norm: batch statistics in inference",
        "batch norm",
        lambda: part("norm", AlwaysTraining),
        FORWARD,
        "norm",
        ("training flag", "batch norm: no running"),
    ),
    Mutation(
        "batch norm: mean left out of the gradient",
        "batch norm",
        lambda: part("norm", WithoutMeanGradient),
        BACKWARD,
        "norm",
        "batch norm: gradient without the mean",
    ),
    Mutation(
        "batch norm: unbiased variance",
        "batch norm",
        lambda: part("norm", UnbiasedNormalization),
        FORWARD,
        "norm",
        "batch norm: unbiased",
    ),
    Mutation(
        "batch norm: epsilon outside the root",
        "batch norm",
        lambda: part("norm", EpsilonOutside),
        FORWARD,
        "norm",
        "batch norm: epsilon outside",
    ),
    Mutation(
        "article: batch norm over time",
        "batch norm",
        lambda: postnet_block(TimeBatchNorm),
        FORWARD,
        "1",
        "batch norm: axes",
    ),
    Mutation(
        "article: hand-written batch norm",
        "batch norm",
        lambda: postnet_block(HandWrittenBatchNorm),
        FORWARD,
        "1",
        "batch norm: no running",
    ),
    Mutation("layer norm: epsilon", "layer norm", layer_norm_epsilon, FORWARD, "1", "epsilon"),
]
