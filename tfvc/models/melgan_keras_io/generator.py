"""The generator of the keras.io example."""

import keras

from tfvc.models.melgan_keras_io.config import KerasIOMelGANConfig
from tfvc.models.melgan_keras_io.keras2_layers import generator_layers
from tfvc.models.melgan_keras_io.network import KerasIOGenerator
from tfvc.models.melgan_keras_io.torch_keys import TORCH_KEYS
from tfvc.models.vocoder import VocoderModel


@keras.saving.register_keras_serializable("tfvc")
class KerasIOMelGANGenerator(VocoderModel):
    """Equals the generator of the keras.io example: see `VocoderModel`.

    The mel extraction that the example has in front of it is not part of it; `KerasIOMelGAN` does that in training.

    Example:
        generator = KerasIOMelGANGenerator.from_name("keras_io")
        wave = generator.predict(mels)              # [batch, frames * 256, 1]
    """

    name_in_presets = "melgan_keras_io"
    config_class = KerasIOMelGANConfig
    torch_keys = TORCH_KEYS
    keras2_layers = generator_layers

    def make_network(self):
        return KerasIOGenerator(self.config, self.fused, name="network", dtype=self.dtype_policy)
