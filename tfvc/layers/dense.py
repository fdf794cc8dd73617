"""The linear layer."""

import keras
import tensorflow as tf

from tfvc.layers.initializers import FanInUniform


@keras.saving.register_keras_serializable("tfvc")
class Dense(keras.layers.Layer):
    """Equals `torch.nn.Linear`: `[..., in] -> [..., units]`, with torch's initial weights.

    Variables: `kernel` `[in, units]` (torch's `weight` transposed), `bias` `[units]`.

    Args:
        units: number of outputs.
        use_bias: whether a bias is added.
        kernel_initializer: a Keras initializer; None is torch's own, uniform within 1/sqrt(in).
    """

    def __init__(self, units: int, use_bias: bool = True, kernel_initializer=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        inputs = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(inputs, self.units),
            initializer=self.kernel_initializer or FanInUniform(inputs),
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer=FanInUniform(inputs))

    def call(self, x):
        x = tf.linalg.matmul(x, self.kernel) if x.shape.rank == 2 else tf.tensordot(x, self.kernel, 1)
        return tf.nn.bias_add(x, self.bias) if self.use_bias else x

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
