"""Convolutions of all kinds, and pooling."""

import numpy as np
import tensorflow as tf

from parity_tests.mutations import network as net
from parity_tests.mutations.network import rearranged as moved
from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, Mutation
from tfvc import layers

SQUARE = {"filters": 512, "kernel_size": 5, "padding": 2}


def flip(x):
    return np.ascontiguousarray(x[..., ::-1])


def exchange(x):
    return np.ascontiguousarray(np.swapaxes(x, 0, 1))


def upsampling(kind):
    """The transposed convolution of the network, of another kind."""
    return lambda: layers.WeightNorm(kind(32, 16, strides=8, padding=4))


def grouped(kind, padding=20):
    """Its grouped convolution."""
    return lambda: layers.WeightNorm(kind(128, 41, 4, strides=4, padding=padding))


class Shifted(layers.Conv1D):
    """Pads one frame more before and one less after."""

    def call(self, x):
        x = tf.pad(x, [[0, 0], [self.padding + 1, self.padding - 1], [0, 0]])
        y = tf.nn.convolution(x, tf.convert_to_tensor(self.kernel), padding="VALID")
        return y + self.bias


class WithoutBias(layers.Conv1D):
    """Has a bias and does not add it."""

    def call(self, x):
        return super().call(x) - self.bias


class WrongBackward(layers.Conv1D):
    """Right forward; the planted `custom_gradient` halves what goes back to the input."""

    def call(self, x):
        @tf.custom_gradient
        def halved(x):
            return tf.identity(x), lambda dy: dy / 2

        return super().call(halved(x))


class WrongKernelGradient(layers.Conv1D):
    """Right forward; the gradient of the kernel is that of the flipped one."""

    def call(self, x):
        @tf.custom_gradient
        def flipped(kernel):
            return tf.identity(kernel), lambda dk: tf.reverse(dk, [0])

        return self.apply_kernel(x, flipped(tf.convert_to_tensor(self.kernel)))


class CropsOneMore(layers.Conv1DTranspose):
    """Crops one sample more at the beginning, one less at the end."""

    def apply_kernel(self, x, kernel):
        y = super().apply_kernel(tf.pad(x, [[0, 0], [0, 1], [0, 0]]), kernel)
        return y[:, 1 : 1 + x.shape[1] * self.strides]


class Interleaved(layers.GroupedConv1D):
    """Takes every fourth channel for a group."""

    def apply_kernel(self, x, kernel):
        _, time, channels = x.shape
        x = tf.reshape(tf.transpose(tf.reshape(x, [-1, time, 4, channels // 4]), [0, 1, 3, 2]), [-1, time, channels])
        return super().apply_kernel(x, kernel)


MUTATIONS = [
    Mutation(
        "convolution: kernel flipped in time",
        "convolution",
        lambda: moved(net.NETWORK, "square.weight", flip),
        FORWARD,
        "square",
        "kernel flipped",
    ),
    Mutation(
        "convolution: in and out exchanged",
        "convolution",
        lambda: moved(net.NETWORK, "square.weight", exchange),
        FORWARD,
        "square",
        "channels exchanged",
    ),
    Mutation(
        "convolution: channels rolled",
        "convolution",
        lambda: moved(net.NETWORK, "square.weight", lambda x: np.roll(x, 1, 0), lambda x: np.roll(x, -1, 0)),
        FORWARD,
        "square",
        "weight: roll",
    ),
    Mutation(
        "convolution: shifted by one frame",
        "same, stride 1, even k",
        lambda: part("square", lambda: Shifted(**SQUARE)),
        FORWARD,
        "square",
        "padding shifted",
    ),
    Mutation(
        "convolution: reflected padding",
        "padding",
        lambda: part("square", lambda: layers.Conv1D(**SQUARE, padding_mode="reflect")),
        FORWARD,
        "square",
        "padding mode",
    ),
    Mutation(
        "convolution: bias left out",
        "convolution",
        lambda: part("square", lambda: WithoutBias(**SQUARE)),
        FORWARD,
        "square",
        "bias left out",
    ),
    Mutation(
        "convolution: dilation",
        "convolution",
        lambda: part("square", lambda: layers.Conv1D(512, 5, padding=4, dilation_rate=2)),
        FORWARD,
        "square",
        "dilation",
    ),
    Mutation(
        "convolution: wrong gradient of the input",
        "custom gradient",
        lambda: part("square", lambda: WrongBackward(**SQUARE)),
        BACKWARD,
        "square",
        "gradient: scale",
    ),
    Mutation(
        "convolution: wrong gradient of the kernel",
        "custom gradient",
        lambda: part("square", lambda: WrongKernelGradient(**SQUARE)),
        BACKWARD,
        "square",
        "gradient: permutation",
    ),
    Mutation(
        "strided convolution: same padding",
        "same, stride > 1",
        lambda: part("grouped", grouped(layers.GroupedConv1D, padding="same")),
        FORWARD,
        "grouped",
        "same padding",
    ),
    Mutation(
        "grouped convolution: groups interleaved",
        "grouped",
        lambda: part("grouped", grouped(Interleaved)),
        FORWARD,
        "grouped",
        "groups interleaved",
    ),
    Mutation(
        "transposed convolution: shifted by a sample",
        "transposed",
        lambda: part("up", upsampling(CropsOneMore)),
        FORWARD,
        "up",
        "crop shifted",
    ),
    Mutation(
        "transposed convolution: kernel flipped",
        "transposed",
        lambda: moved(net.NETWORK, "up.parametrizations.weight.original1", flip),
        FORWARD,
        "up",
        ("kernel flipped", "weight: flip"),
    ),
    Mutation(
        "pooling: padding not counted",
        "pooling",
        lambda: part("pool", lambda: layers.AveragePool1D(4, strides=2, padding=1, count_include_pad=False)),
        FORWARD,
        "pool",
        "padding counted",
    ),
]
