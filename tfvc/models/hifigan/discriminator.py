"""HiFi-GAN's discriminators, as one model."""

import keras

from tfvc.models.hifigan.discriminator_config import HiFiGANDiscriminatorConfig
from tfvc.models.hifigan.period_discriminator import MultiPeriodDiscriminator
from tfvc.models.hifigan.scale_discriminator import MultiScaleDiscriminator
from tfvc.models.hifigan.torch_keys_of_discriminator import TORCH_KEYS
from tfvc.models.preset import PresetModel


@keras.saving.register_keras_serializable("tfvc")
class HiFiGANDiscriminator(PresetModel):
    """A waveform `[batch, samples, 1]` to the maps of every period and then of every scale, lists of lists.

    It equals `MultiPeriodDiscriminator` and `MultiScaleDiscriminator` of jik876/hifi-gan. All maps serve feature
    matching; the last of each list is the score.

    Args:
        config: sizes.
        mel_spec: the front-end of the generator it was trained with; not needed for its computation.
    """

    name_in_presets = "hifigan_discriminator"
    config_class = HiFiGANDiscriminatorConfig
    torch_keys = TORCH_KEYS

    def __init__(self, config: HiFiGANDiscriminatorConfig, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        policy = self.dtype_policy
        self.mpd = MultiPeriodDiscriminator(config.periods, config.period_widths, name="mpd", dtype=policy)
        self.msd = MultiScaleDiscriminator(config.scales, config.scale_widths, name="msd", dtype=policy)
        self.build()

    def build(self, input_shape=None):
        for part in (self.mpd, self.msd):
            part.build((None, None, 1))

    def call(self, wave, training=False):
        return [*self.mpd(wave), *self.msd(wave)]
