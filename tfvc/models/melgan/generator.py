"""MelGAN's generator: the vocoder itself."""

import keras

from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.network import DescriptGenerator
from tfvc.models.melgan.torch_keys import TORCH_KEYS
from tfvc.models.vocoder import VocoderModel


@keras.saving.register_keras_serializable("tfvc")
class MelGANGenerator(VocoderModel):
    """MelGAN's generator, equal to `Generator` of descriptinc/melgan-neurips: see `VocoderModel`.

    Example:
        generator = MelGANGenerator.from_preset("melgan_small")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "melgan"
    config_class = MelGANConfig
    torch_keys = TORCH_KEYS

    def make_network(self):
        return DescriptGenerator(self.config, self.fused, name="network", dtype=self.dtype_policy)
