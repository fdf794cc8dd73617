"""The layer that neither tfvc nor Keras has, and how it crosses to torch."""

import keras

from tfvc.weights import Entry, register


@keras.saving.register_keras_serializable("wavenext")
class LayerScale(keras.layers.Layer):
    """A factor for each channel, small at first: `[batch, time, channels]` to the same (Touvron et al. 2021).

    Variables: `gamma` `[channels]`.

    Args:
        initial: all factors of a fresh layer.
    """

    def __init__(self, initial: float = 0.1, **kwargs):
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, input_shape):
        initializer = keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer=initializer)

    def call(self, x):
        return x * self.gamma

    def get_config(self):
        return {**super().get_config(), "initial": self.initial}


register(LayerScale, lambda layer: [Entry("gamma", layer.gamma)])
