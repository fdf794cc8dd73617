"""MelGAN's discriminators."""

import keras

from tfvc.layers import AveragePool1D
from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.network import SLOPE
from tfvc.models.melgan.scales import MultiScaleDiscriminator, ScaleDiscriminator
from tfvc.models.melgan.torch_keys_of_discriminator import TORCH_KEYS


@keras.saving.register_keras_serializable("tfvc")
class MelGANDiscriminator(MultiScaleDiscriminator):
    """Equals `Discriminator` of descriptinc/melgan-neurips: see `MultiScaleDiscriminator`."""

    name_in_presets = "melgan_discriminator"
    config_class = MelGANConfig
    torch_keys = TORCH_KEYS

    def make_scale(self, name):
        return ScaleDiscriminator(
            self.config, SLOPE, lambda taps: taps // 2, "reflect", name=name, dtype=self.dtype_policy
        )

    def make_pool(self, name):
        return AveragePool1D(4, 2, padding=1, count_include_pad=False, name=name, dtype=self.dtype_policy)
