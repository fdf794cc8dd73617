"""Spectral normalisation around a convolution."""

import keras
import tensorflow as tf

from tfvc.layers.kernel_norm import KernelNorm

_EPSILON = 1e-12


@keras.saving.register_keras_serializable("tfvc")
class SpectralNorm(KernelNorm):
    """Equals `torch.nn.utils.spectral_norm` of a convolution: its kernel is W / sigma, and W is trained.

    As a matrix W is torch's, `[filters, in * k]` with the taps of a channel side by side. sigma = u W v estimates its
    largest singular value; each pass in training mode, even one without a gradient, first moves v towards W' u and u
    towards W v (one power iteration). The gradient takes u and v for constants. In inference they stay as they are.

    `keras.layers.SpectralNormalization` differs: it overwrites the kernel as it trains, and forgets v.

    Variables: `layer.kernel` is W (torch's `weight_orig`); `u` `[filters]` and `v` `[in * k]`, not trained (torch's
    `weight_u`, `weight_v`); `layer.bias`.

    Under mixed precision the kernel is normalised in the variables' own precision and cast afterwards.

    Args:
        layer: a `Conv1D`, `GroupedConv1D` or `ColumnConv2D` that is not built yet. (A transposed convolution counts its
            filters on another axis.)
    """

    def build(self, input_shape):
        super().build(input_shape)
        filters, inputs = self._matrix().shape
        self.u = self._add_direction("u", filters)
        self.v = self._add_direction("v", inputs)

    def call(self, x, training=False):
        matrix = self._matrix()
        if training:
            self._iterate(tf.stop_gradient(matrix))
        sigma = tf.tensordot(self.u, tf.linalg.matvec(matrix, self.v), 1)
        return self.layer.apply_kernel(x, tf.convert_to_tensor(self.layer.kernel) / sigma)

    def _add_direction(self, name: str, size: int) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(size,),
            initializer=_unit_vector,
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",  # all take the same step, from the same weights
        )

    def _matrix(self) -> tf.Tensor:
        """W as torch has it."""
        kernel = tf.convert_to_tensor(self.layer.kernel)
        reversed_axes = tf.transpose(kernel, list(range(kernel.shape.rank))[::-1])
        return tf.reshape(reversed_axes, [self.layer.filters, -1])

    def _iterate(self, matrix: tf.Tensor) -> None:
        self.v.assign(_normalized(tf.linalg.matvec(matrix, self.u, transpose_a=True)))
        self.u.assign(_normalized(tf.linalg.matvec(matrix, self.v)))


def _normalized(x: tf.Tensor) -> tf.Tensor:
    """Equals `torch.nn.functional.normalize` of a vector."""
    return x / tf.maximum(tf.norm(x), _EPSILON)


def _unit_vector(shape, dtype) -> tf.Tensor:
    """A drawn direction, as torch begins with."""
    return _normalized(tf.convert_to_tensor(keras.random.normal(shape, dtype=dtype)))
