"""Weight normalisation around a convolution."""

import keras
import tensorflow as tf

from tfvc.layers.kernel_norm import KernelNorm


@keras.saving.register_keras_serializable("tfvc")
class WeightNorm(KernelNorm):
    """Equals `torch.nn.utils.weight_norm` of a convolution: its kernel is g v / |v|, and g and v are trained.

    |v| is taken over all axes but torch's first (`dim=0`): one length for each *output* channel of a convolution, for
    each *input* channel of a transposed one. In Keras's layouts both are the last axis. tensorflow-addons'
    `WeightNormalization` takes the same axis.

    Variables: `layer.kernel` is v (torch's `weight_v`); `g` `[1, 1, n]` (torch's `weight_g` `[n, 1, 1]`; one axis more
    in two dimensions), which starts as |v|, so that the layer starts as the one it wraps; `layer.bias`.

    Under mixed precision the kernel is normalised in the variables' own precision and cast afterwards.

    Args:
        layer: a `Conv1D`, `Conv1DTranspose`, `GroupedConv1D`, `ColumnConv2D` or `Conv2D` that is not built yet.
    """

    @property
    def v(self) -> keras.Variable:
        """The direction of the kernel."""
        return self.layer.kernel

    def build(self, input_shape):
        super().build(input_shape)
        length = _length(tf.convert_to_tensor(self.v))
        self.g = self.add_weight(name="g", shape=length.shape, initializer="ones", autocast=False)
        self.g.assign(length)

    def call(self, x):
        return self.layer.apply_kernel(x, self.normalized_kernel())

    def normalized_kernel(self) -> tf.Tensor:
        """The kernel that the convolution gets: g v / |v|."""
        v, g = tf.convert_to_tensor(self.v), tf.convert_to_tensor(self.g)
        return v * (g / _length(v))


def _length(v: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.reduce_sum(tf.square(v), axis=range(v.shape.rank - 1), keepdims=True))
