"""Weight norm and spectral norm."""

from collections.abc import Callable

import keras
import tensorflow as tf

from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, Mutation
from tfvc import layers
from tfvc.cases.layers import normal_inputs
from tfvc.parity import ParityCase
from tfvc.parity.case import torch_call_channels_first
from tfvc.weights import entries_of


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


class MovesInInference(layers.SpectralNorm):
    """Takes its power iteration in inference too."""

    def call(self, x, training=False):
        return super().call(x, training=True)


class TwoIterations(layers.SpectralNorm):
    """Takes two power iterations in a pass."""

    def _iterate(self, matrix):
        super()._iterate(matrix)
        super()._iterate(matrix)


class TapsFirst(layers.SpectralNorm):
    """Flattens the kernel as Keras has it, taps before channels; v, in torch's order, does not fit that."""

    def _matrix(self):
        kernel = tf.convert_to_tensor(self.layer.kernel)
        return tf.transpose(tf.reshape(kernel, [-1, self.layer.filters]))


class ConstantSigma(layers.SpectralNorm):
    """The gradient takes sigma for a constant, as where the kernel is overwritten with the normalised one."""

    def call(self, x, training=False):
        matrix = self._matrix()
        if training:
            self._iterate(matrix)
        sigma = tf.tensordot(self.u, tf.linalg.matvec(matrix, self.v), 1)
        return self.layer.apply_kernel(x, tf.convert_to_tensor(self.layer.kernel) / tf.stop_gradient(sigma))


class Scale(keras.layers.Layer):
    """The first two convolutions of HiFi-GAN's scale discriminator, the second under another norm."""

    def __init__(self, norm: Callable, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.SpectralNorm(layers.Conv1D(128, 15, padding=7))
        self.second = norm(layers.GroupedConv1D(128, 41, 4, strides=2, padding=20))

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build(self.first.compute_output_shape(input_shape))

    def call(self, x, training=False):
        return self.second(layers.leaky_relu(self.first(x, training=training), 0.1), training=training)


def scale(norm: Callable) -> ParityCase:
    """A wave of 100 samples through both."""

    def torch_module():
        from torch import nn
        from torch.nn.utils import spectral_norm

        first = nn.Conv1d(1, 128, 15, padding=7)
        second = nn.Conv1d(128, 128, 41, 2, padding=20, groups=4)
        return nn.Sequential(spectral_norm(first), nn.LeakyReLU(0.1), spectral_norm(second))

    def entries(model):
        pairs = (("0", model.first), ("2", model.second))
        return [entry for path, layer in pairs for entry in entries_of(path, layer)]

    return ParityCase(
        "scale discriminator",
        lambda: Scale(norm),
        torch_module,
        entries,
        normal_inputs(2, 100, 1),
        torch_forward=torch_call_channels_first,
    )


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
    Mutation(
        "spectral norm: moves in inference",
        "spectral norm",
        lambda: scale(MovesInInference),
        FORWARD,
        "2",
        ("spectral norm: power", "training flag"),
    ),
    Mutation(
        "spectral norm: two power iterations",
        "spectral norm",
        lambda: scale(TwoIterations),
        FORWARD,
        "2",
        "spectral norm: power",
    ),
    Mutation(
        "spectral norm: taps before channels",
        "spectral norm",
        lambda: scale(TapsFirst),
        FORWARD,
        "2",
        "spectral norm: matrix",
    ),
    Mutation(
        "spectral norm: sigma constant in the gradient",
        "spectral norm",
        lambda: scale(ConstantSigma),
        BACKWARD,
        "2",
        "spectral norm: gradient",
    ),
]
