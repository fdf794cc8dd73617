"""The speaker encoder: three LSTMs and a projection onto the unit sphere."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfvc.audio import MelSpec, Recording, normalize_volume, resample
from tfvc.common.maker import Maker
from tfvc.layers import LSTM, Dense
from tfvc.models.preset import PresetModel
from tfvc.models.speaker_encoder.config import SpeakerEncoderConfig
from tfvc.models.speaker_encoder.partials import partial_starts
from tfvc.models.speaker_encoder.torch_keys import TORCH_KEYS
from tfvc.weights import weights_sha256

# Always so many, the last batch filled up: an hour of audio takes no more memory than a minute, and the LSTM is
# compiled for one shape.
_WINDOWS_AT_ONCE = 16


@keras.saving.register_keras_serializable("tfvc")
class SpeakerEncoder(PresetModel):
    """Mel windows to speaker embeddings: `[batch, frames, n_mels] -> [batch, embedding]`, each of length 1.

    With the `ge2e` configuration it equals Resemblyzer's `VoiceEncoder` (Wan et al. 2018), with `dvector` the
    `D_VECTOR` of auspicious3000/autovc.

    Args:
        config: sizes, and how a recording is cut into windows.
        mel_spec: the front-end whose mels it takes.
    """

    name_in_presets = "speaker_encoder"
    config_class = SpeakerEncoderConfig
    torch_keys = TORCH_KEYS

    def __init__(self, config: SpeakerEncoderConfig, mel_spec=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.lstm = LSTM(config.units, num_layers=3, name="lstm", dtype=self.dtype_policy)
        self.projection = Dense(config.embedding, name="projection", dtype=self.dtype_policy)
        self.build()

    def build(self, input_shape=None):
        self.lstm.build((None, None, self.config.n_mels))
        self.projection.build((None, self.config.units))

    def call(self, mels, training=False):
        x = self.projection(self.lstm(mels)[:, -1])
        if self.config.relu:
            x = tf.nn.relu(x)
        # No epsilon under the root, as in both upstreams.
        return x / tf.norm(x, axis=-1, keepdims=True)

    @property
    def maker(self) -> Maker:
        """Who makes these embeddings: the architecture, on the mels that it is used with, and the hash of the weights.

        Computed anew each time, since weights may have changed: 0.03 s for `ge2e`.
        """
        named = (
            name
            for name in self.config_class.named
            if self.config == self.config_class.from_name(name)
            and self.mel_spec in (None, MelSpec.named(self.config_class.mels[name]))
        )
        return Maker(next(named, self.name_in_presets), weights_sha256(self))

    def notes(self) -> list[str]:
        return [f"makes speaker embeddings of {self.maker}"]

    def embed_utterance(self, wave: np.ndarray, sample_rate: int) -> np.ndarray:
        """The embedding `[embedding]` of a recording: the mean over its windows, scaled to length 1.

        Equals Resemblyzer's `embed_utterance(preprocess_wav(wave, sample_rate))` without the trimming of
        silences.

        Args:
            wave: `[samples]`, mono, full scale 1.
            sample_rate: in Hz.
        """
        config, spec = self.config, self.mel_spec
        wave = resample(wave, sample_rate, spec.sample_rate)
        if config.volume_dbfs:
            wave = normalize_volume(wave, config.volume_dbfs)
        starts = partial_starts(
            len(wave),
            spec.sample_rate,
            spec.hop,
            config.partial_frames,
            config.partials_per_second,
            config.min_coverage,
        )
        needed = (starts[-1] + config.partial_frames) * spec.hop
        mel = spec.extract(np.pad(wave, (0, max(0, needed - len(wave)))))
        windows = np.stack([mel[start : start + config.partial_frames] for start in starts])
        filled_up = np.pad(windows, ((0, -len(windows) % _WINDOWS_AT_ONCE), (0, 0), (0, 0)), mode="edge")
        batches = np.split(filled_up, len(filled_up) // _WINDOWS_AT_ONCE)
        embeddings = [self._embed_windows(tf.constant(batch, self.compute_dtype)).numpy() for batch in batches]
        embedding = np.concatenate(embeddings)[: len(windows)].mean(axis=0)
        return (embedding / np.linalg.norm(embedding)).astype(np.float32)

    def embed_speaker(self, recordings: Sequence[Recording]) -> np.ndarray:
        """The mean embedding `[embedding]` of several recordings; as in AutoVC not scaled to length 1."""
        return np.mean([recording.embedding(self) for recording in recordings], axis=0)

    @tf.function(reduce_retracing=True)
    def _embed_windows(self, windows):
        return self(windows)
