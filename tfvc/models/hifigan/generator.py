"""HiFi-GAN's generator: the vocoder itself."""

import keras

from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.hifigan.network import Network
from tfvc.models.hifigan.torch_keys import TORCH_KEYS
from tfvc.models.vocoder import VocoderModel


@keras.saving.register_keras_serializable("tfvc")
class HiFiGANGenerator(VocoderModel):
    """HiFi-GAN's generator, equal to `Generator` of jik876/hifi-gan: see `VocoderModel`.

    Example:
        generator = HiFiGANGenerator.from_name("v1")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "hifigan"
    config_class = HiFiGANConfig
    torch_keys = TORCH_KEYS

    def make_network(self):
        return Network(self.config, self.fused, name="network", dtype=self.dtype_policy)
