"""Spectral normalisation around a convolution."""

import keras
import tensorflow as tf

from tfvc.layers.column_conv2d import ColumnConv2D
from tfvc.layers.conv1d import Conv1D
from tfvc.layers.grouped_conv1d import GroupedConv1D

_EPSILON = 1e-12


@keras.saving.register_keras_serializable("tfvc")
class SpectralNorm(keras.layers.Layer):
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

    def __init__(self, layer: Conv1D | GroupedConv1D | ColumnConv2D, **kwargs):
        super().__init__(**{"name": layer.name, "dtype": layer.dtype_policy, **kwargs})
        self.layer = layer

    def build(self, input_shape):
        if not self.layer.built:  # it is already, when a saved layer is put together again
            self.layer.build(input_shape)
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

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


def _normalized(x: tf.Tensor) -> tf.Tensor:
    """Equals `torch.nn.functional.normalize` of a vector."""
    return x / tf.maximum(tf.norm(x), _EPSILON)


def _unit_vector(shape, dtype) -> tf.Tensor:
    """A drawn direction, as torch begins with."""
    return _normalized(tf.convert_to_tensor(keras.random.normal(shape, dtype=dtype)))
