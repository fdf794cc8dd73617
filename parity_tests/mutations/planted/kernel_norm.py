"""Weight norm and spectral norm."""

import tensorflow as tf

from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, Mutation
from tfvc import layers


class AllAxes(layers.WeightNorm):
    """The length of v over all axes at once."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v * (self.g / tf.sqrt(tf.reduce_sum(tf.square(v))))


class ConstantLength(layers.WeightNorm):
    """The gradient takes the length of v for a constant."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v * (self.g / tf.stop_gradient(tf.sqrt(tf.reduce_sum(tf.square(v), axis=(0, 1), keepdims=True))))


class WithoutG(layers.WeightNorm):
    """Forgets g."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v / tf.sqrt(tf.reduce_sum(tf.square(v), axis=(0, 1), keepdims=True))


def upsampling(norm):
    """The transposed convolution of the network under another norm."""
    return lambda: norm(layers.Conv1DTranspose(32, 16, strides=8, padding=4))


def grouped(norm):
    """Its grouped convolution."""
    return lambda: norm(layers.GroupedConv1D(128, 41, 4, strides=4, padding=20))


MUTATIONS = [
    Mutation(
        "weight norm: over all axes",
        "weight norm",
        lambda: part("up", upsampling(AllAxes)),
        FORWARD,
        "up",
        "weight norm: axes",
    ),
    Mutation(
        "weight norm: without g",
        "weight norm",
        lambda: part("grouped", grouped(WithoutG)),
        FORWARD,
        "grouped",
        ("weight norm", "weight: ones"),
    ),
    Mutation(
        "weight norm: length constant in the gradient",
        "weight norm",
        lambda: part("up", upsampling(ConstantLength)),
        BACKWARD,
        "up",
        "weight norm",
    ),
]
