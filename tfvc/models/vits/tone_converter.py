"""OpenVoice's tone colour converter as a `keras.Model`."""

import keras
import tensorflow as tf

from tfvc.models.vits.conversion import ConversionModel
from tfvc.models.vits.reference_encoder import ReferenceEncoder
from tfvc.models.vits.tone_config import ToneConverterConfig
from tfvc.models.vits.torch_keys import TONE_KEYS


@keras.saving.register_keras_serializable("tfvc")
class ToneConverter(ConversionModel):
    """The converter of OpenVoice (Qin et al. 2023), any speaker to any: `SynthesizerTrn` of myshell-ai/OpenVoice with
    `n_speakers=0`.

    It is the conversion of a VITS, in which a speaker is what `embed` makes of a recording's spectrogram.
    `call(inputs)` is `convert(**inputs)`, whose `source` and `target` are such embeddings `[batch, gin_channels]`.

    Args:
        config: sizes.
        mel_spec: the front-end whose spectrograms it takes.
        fused: a state, see `ConversionModel`.
    """

    name_in_presets = "vits_tone_converter"
    config_class = ToneConverterConfig
    torch_keys = TONE_KEYS

    def __init__(self, config: ToneConverterConfig, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.reference_encoder = ReferenceEncoder(config, self.fused, name="reference_encoder", dtype=self.dtype_policy)
        self.build()

    def parts(self):
        return [*super().parts(), self.reference_encoder]

    def call(self, inputs, training=False):
        return self.convert(**inputs)

    def embed(self, spectrogram) -> tf.Tensor:
        """What a speaker sounds like, `[batch, gin_channels]`, of spectrograms `[batch, frames, spec_channels]`."""
        return self.reference_encoder(spectrogram)

    def condition(self, speaker):
        return speaker[:, None]

    def outside_flow(self, g):
        return tf.zeros_like(g) if self.config.zero_g else g
