"""What the wrappers that normalise a kernel share."""

import keras

from tfvc.layers.convolution import Convolution


class KernelNorm(keras.layers.Layer):
    """Stands for a convolution, under its name, and gives it another kernel than the one that is trained.

    Args:
        layer: a convolution that is not built yet.
    """

    def __init__(self, layer: Convolution, **kwargs):
        super().__init__(**{"name": layer.name, "dtype": layer.dtype_policy, **kwargs})
        self.layer = layer

    def build(self, input_shape):
        if not self.layer.built:  # it is already, when a saved layer is put together again
            self.layer.build(input_shape)

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})
