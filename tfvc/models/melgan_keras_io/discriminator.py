"""The discriminators of the keras.io example."""

import keras

from tfvc.layers import AveragePool1D
from tfvc.models.melgan.scales import MultiScaleDiscriminator, ScaleDiscriminator
from tfvc.models.melgan_keras_io.config import KerasIOMelGANConfig
from tfvc.models.melgan_keras_io.keras2_layers import discriminator_layers
from tfvc.models.melgan_keras_io.network import SLOPE
from tfvc.models.melgan_keras_io.torch_keys_of_discriminator import TORCH_KEYS


@keras.saving.register_keras_serializable("tfvc")
class KerasIOMelGANDiscriminator(MultiScaleDiscriminator):
    """Equals the discriminator of the keras.io example: see `MultiScaleDiscriminator`."""

    name_in_presets = "melgan_keras_io_discriminator"
    config_class = KerasIOMelGANConfig
    torch_keys = TORCH_KEYS
    keras2_layers = discriminator_layers

    def make_scale(self, name):
        return ScaleDiscriminator(self.config, SLOPE, lambda taps: "same", name=name, dtype=self.dtype_policy)

    def make_pool(self, name):
        return AveragePool1D(2, name=name, dtype=self.dtype_policy)
