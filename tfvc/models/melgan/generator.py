"""MelGAN's generator: the vocoder itself."""

from tfvc.models.melgan.config import MelGANConfig
from tfvc.models.melgan.keras2_layers import generator_layers
from tfvc.models.melgan.networks import GENERATORS
from tfvc.models.melgan.torch_keys import TORCH_KEYS
from tfvc.models.vocoder import VocoderModel


class MelGANGenerator(VocoderModel):
    """MelGAN's generator: see `VocoderModel`.

    In the shape "descript" it equals `Generator` of descriptinc/melgan-neurips, in the shape "keras_io" the generator
    of the keras.io example (without the mel extraction in front; `MelGAN` does that when it trains).

    Example:
        generator = MelGANGenerator.from_preset("melgan_small")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "melgan"
    config_class = MelGANConfig
    torch_keys = TORCH_KEYS
    keras2_layers = generator_layers

    def make_network(self):
        return GENERATORS[self.config.shape](self.config, name="network", dtype=self.dtype_policy)
