"""AutoVC as a `keras.Model` that is trained with `fit`."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfvc.common.maker import Maker
from tfvc.models.autovc.config import AutoVCConfig
from tfvc.models.autovc.encoder import ENCODER, read_encoder
from tfvc.models.autovc.keras2_layers import layers
from tfvc.models.autovc.losses import autovc_losses
from tfvc.models.autovc.network import Decoder, Encoder, Postnet
from tfvc.models.autovc.torch_keys import TORCH_KEYS
from tfvc.models.preset import PresetModel


@keras.saving.register_keras_serializable("tfvc")
class AutoVC(PresetModel):
    """AutoVC (Qian et al. 2019), equal to `Generator` of auspicious3000/autovc.

    `call((mel, source, target))` is that network: mel `[batch, time, n_mels]` in the network's own scale, the
    speaker embeddings `[batch, embedding]` of the recording and of the wanted voice -> `(decoded, refined, codes)`,
    both mels `[batch, time, n_mels]`. Any number of frames: it is zero-padded to a multiple of freq and cut back.

    `convert` takes and gives mels as the model's `MelSpec` makes them, and so does `fit`, whose dataset yields
    `(mel, embedding)`: each recording is reconstructed with its own speaker's embedding. A dataset of
    `(mel, embedding, heard)` gives the encoder another mel of the same words in place of the one to be made.

    Args:
        config: sizes and scaling.
        mel_spec: the front-end whose mels it takes.
        speaker_encoder: who makes the embeddings that it takes, or what its `to_dict` gives; None if that is not known.
    """

    name_in_presets = "autovc"
    config_class = AutoVCConfig
    torch_keys = TORCH_KEYS
    keras2_layers = layers

    def __init__(self, config: AutoVCConfig, mel_spec=None, speaker_encoder: Maker | dict | None = None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        if isinstance(speaker_encoder, dict):
            speaker_encoder = Maker.from_dict(dict(speaker_encoder), "speaker_encoder")
        self.speaker_encoder = speaker_encoder
        self.encoder = Encoder(config, name="encoder", dtype=self.dtype_policy)
        self.decoder = Decoder(config, name="decoder", dtype=self.dtype_policy)
        self.postnet = Postnet(config, name="postnet", dtype=self.dtype_policy)
        self._loss_metrics = {
            name: keras.metrics.Mean(name) for name in ("loss", "reconstruction", "postnet", "content")
        }
        self.build()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "speaker_encoder": self.speaker_encoder and self.speaker_encoder.to_dict()}

    @classmethod
    def inputs_of_name(cls, name: str) -> dict[str, Any]:
        return {"speaker_encoder": Maker(cls.config_class.encoders[name])} if name in cls.config_class.encoders else {}

    @classmethod
    def read_inputs(cls, folder: Path) -> dict[str, Any]:
        return {"speaker_encoder": read_encoder(folder)}

    def inputs(self) -> dict[str, dict[str, Any]]:
        return {ENCODER: self.speaker_encoder.to_dict()} if self.speaker_encoder else {}

    def notes(self) -> list[str]:
        if self.speaker_encoder is None:
            return ["does not say what its speaker embeddings come from"]
        return [f"takes speaker embeddings of {self.speaker_encoder}: convert with that encoder"]

    def build(self, input_shape=None):
        for network in (self.encoder, self.decoder, self.postnet):
            network.build()

    def call(self, inputs, training=False):
        mel, source, target = inputs
        frames = tf.shape(mel)[1]
        codes = self.encode(mel, source, training=training)
        decoded = self.decoder(codes, target, training=training)
        refined = decoded + self.postnet(decoded, training=training)
        return decoded[:, :frames], refined[:, :frames], codes

    def encode(self, mel, source, training=False):
        """Content codes `[batch, ceil(time / freq), 2 * neck]` of a mel in the network's scale."""
        extra = -tf.shape(mel)[1] % self.config.freq
        return self.encoder(tf.pad(mel, [[0, 0], [0, extra], [0, 0]]), source, training=training)

    def normalize(self, mel):
        """From the `MelSpec`'s values to the network's scale."""
        return (mel + self.config.mel_offset) * self.config.mel_scale

    def denormalize(self, mel):
        """From the network's scale to the `MelSpec`'s values."""
        return mel / self.config.mel_scale - self.config.mel_offset

    def convert(self, mel, source, target):
        """The mel `[batch, time, n_mels]` of `source` spoken by `target`, both sides in the `MelSpec`'s values."""
        _, refined, _ = self((self.normalize(mel), source, target), training=False)
        return self.denormalize(tf.cast(refined, mel.dtype))

    def compute_losses(self, mel, embedding, training: bool, heard=None) -> dict[str, tf.Tensor]:
        """The losses of making `mel` of `heard` (or of itself), in the network's scale: see `autovc_losses`."""
        source = mel if heard is None else heard
        decoded, refined, codes = self((source, embedding, embedding), training=training)
        codes_again = self.encode(refined, embedding, training=training)
        config = self.config
        return autovc_losses(mel, decoded, refined, codes, codes_again, config.content_weight, config.absolute)

    def train_step(self, data):
        mel, embedding, *heard = data
        heard = self.normalize(heard[0]) if heard else None
        with tf.GradientTape() as tape:
            losses = self.compute_losses(self.normalize(mel), embedding, training=True, heard=heard)
            scaled = self.optimizer.scale_loss(losses["loss"])
        gradients = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self._track(losses)

    def test_step(self, data):
        mel, embedding = data
        return self._track(self.compute_losses(self.normalize(mel), embedding, training=False))

    def _track(self, losses):
        for name, value in losses.items():
            self._loss_metrics[name].update_state(value)
        return {name: metric.result() for name, metric in self._loss_metrics.items()}

    @property
    def metrics(self):
        return list(self._loss_metrics.values())
