"""VITS as a `keras.Model`: it speaks and it converts."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.conversion import ConversionModel
from tfvc.models.vits.durations import DurationPredictor, StochasticDurationPredictor
from tfvc.models.vits.speakers import expand, make_speakers
from tfvc.models.vits.tables import read_tables
from tfvc.models.vits.text_encoder import Text, TextEncoder, sequence_mask
from tfvc.models.vits.torch_keys import VITS_KEYS
from tfvc.text import VITS_SYMBOLS, TextFrontEnd


@keras.saving.register_keras_serializable("tfvc")
class VITS(ConversionModel):
    """VITS (Kim et al. 2021), equal to `SynthesizerTrn` of jaywalnut310/vits; all noise is an input.

    Speakers are ids `[batch]`, embeddings `[batch, embedding_size]`, or None where there is one: see `VITSConfig`.

    - `infer` speaks. What it is made of can be called by itself: `encode_text`, `log_durations`, `durations`, `speak`;
      between the last two it is known how much noise is wanted.
    - `convert` takes the spectrogram of one speaker to the waveform of another.

    `call(inputs)` is `infer(**inputs)`.

    Args:
        config: sizes.
        mel_spec: the front-end whose spectrograms it takes; also the sample rate of what it says.
        symbols: what turns a text into ids, as `symbols.json` has it; the model only carries it.
        speakers: names of speakers with their ids, as `speakers.json` has it; likewise.
        speaking: `noise_scale`, `duration_noise_scale` and `length_scale` that the voice is best spoken with, where
            somebody said; likewise.
        fused: a state, see `ConversionModel`.
        speaking_only: a state; what only training and conversion take, the posterior encoder and half of the duration
            predictor, is not there, as in what is exported to speak.
    """

    states = ("fused", "speaking_only")
    name_in_presets = "vits"
    config_class = VITSConfig
    torch_keys = VITS_KEYS

    def __init__(self, config: VITSConfig, mel_spec=None, symbols=None, speakers=None, speaking=None, **kwargs):
        super().__init__(config, mel_spec, **kwargs)
        self.symbols, self.speaker_ids, self.speaking = symbols, speakers, speaking
        policy = self.dtype_policy
        self.text_encoder = TextEncoder(config, name="text_encoder", dtype=policy)
        options = {"name": "duration_predictor", "dtype": policy}
        if config.use_sdp:
            self.duration_predictor = StochasticDurationPredictor(config, self.speaking_only, **options)
        else:
            self.duration_predictor = DurationPredictor(config, **options)
        self.speakers = make_speakers(config, policy)
        self.build()

    def parts(self):
        speakers = [] if self.speakers is None else [self.speakers]
        return [self.text_encoder, *super().parts(), self.duration_predictor, *speakers]

    @property
    def converts(self):
        return not self.speaking_only

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._tables}

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), **self._tables, "speaking_only": self.speaking_only}

    @property
    def _tables(self) -> dict[str, Any]:
        return {"symbols": self.symbols, "speakers": self.speaker_ids, "speaking": self.speaking}

    @classmethod
    def states_in(cls, state):
        return {**super().states_in(state), "speaking_only": not any(key.startswith("enc_q.") for key in state)}

    @classmethod
    def inputs_of_name(cls, name):
        """Upstream's symbols, where the architecture has as many; its published models read English with them."""
        if cls.config_class.from_name(name).n_vocab != len(VITS_SYMBOLS):
            return {}
        front_end = TextFrontEnd.of_list(VITS_SYMBOLS, cleaners=("english_cleaners2",))
        return {"symbols": front_end.to_dict()}

    @classmethod
    def read_inputs(cls, folder: Path) -> dict[str, Any]:
        return read_tables(folder)

    def inputs(self) -> dict[str, dict[str, Any]]:
        return {name: table for name, table in self._tables.items() if table is not None}

    def call(self, inputs, training=False):
        return self.infer(**inputs)

    def condition(self, speaker):
        if (speaker is None) != (self.speakers is None):
            has, given = (("one speaker", "another was"), ("several speakers", "none was"))[speaker is None]
            raise TfvcError(f"{self.name_in_presets}: the model has {has}, but {given} asked for")
        return None if self.speakers is None else self.speakers(speaker)

    def encode_text(self, ids, lengths, training=False) -> Text:
        """Ids `[batch, time]`, of which `lengths` `[batch]` count in each row."""
        return self.text_encoder(ids, lengths, training=training)

    def log_durations(self, text: Text, noise, g=None, training=False) -> tf.Tensor:
        """The logarithms of frames, `[batch, time, 1]`.

        Args:
            text: what `encode_text` gave.
            noise: `[batch, time, 2]` from N(0, 1), scaled by 0.8 or so; not read by a model of `use_sdp=False`.
            g: what `condition` gave.

        Raises:
            TfvcError: without noise, where durations are made of it.
        """
        if self.config.use_sdp and noise is None:
            raise TfvcError(
                f"{self.name_in_presets}: durations are made of noise; give some, or zeros for the usual ones"
            )
        if self.config.use_sdp:
            return self.duration_predictor(text.hidden, text.keep, noise, g, training=training)
        return self.duration_predictor(text.hidden, text.keep, g, training=training)

    def durations(self, text: Text, log_durations, length_scale: float = 1.0) -> tf.Tensor:
        """Whole frames of each symbol, `[batch, time]`; a row has as many as they sum to, and at least one."""
        scale = _number(length_scale, log_durations.dtype)
        return tf.math.ceil(tf.exp(log_durations) * text.keep * scale)[..., 0]

    def frames(self, durations) -> tf.Tensor:
        """How many frames each row has, `[batch]`."""
        return tf.maximum(tf.cast(tf.reduce_sum(durations, axis=1), tf.int32), 1)

    def speak(self, text: Text, durations, noise, g=None, noise_scale: float = 0.667) -> dict[str, tf.Tensor]:
        """The waveform of a text whose durations are known.

        Args:
            text: what `encode_text` gave.
            durations: what `durations` gave.
            noise: `[batch, frames, inter_channels]` from N(0, 1), for the longest row or longer.
            g: what `condition` gave.
            noise_scale: deviation of the noise.

        Returns:
            `waveform` `[batch, frames * hop, 1]` in [-1, 1], of which `frames * hop` samples count; on the way to it
            `mean` and `log_scale` of the prior for each frame, `z_p` and `z`.
        """
        noise = tf.convert_to_tensor(noise)
        frames = self.frames(durations)
        longest = tf.reduce_max(frames)
        enough = tf.debugging.assert_less_equal(longest, tf.shape(noise)[1], "noise for fewer frames than are spoken")
        with tf.control_dependencies([enough] if enough is not None else []):
            mean, log_scale = (expand(x, durations, longest) for x in (text.mean, text.log_scale))
        keep = sequence_mask(frames, longest, mean.dtype)
        z_p = mean + noise[:, :longest] * tf.exp(log_scale) * _number(noise_scale, mean.dtype)
        z = self.flow(z_p, keep, g, reverse=True)
        waveform = self.decoder(z * keep, g)
        return {"waveform": waveform, "mean": mean, "log_scale": log_scale, "z_p": z_p, "z": z}

    def infer(
        self,
        ids,
        lengths,
        noise,
        duration_noise=None,
        speaker=None,
        noise_scale: float = 0.667,
        length_scale: float = 1.0,
        duration_noise_scale: float = 0.8,
    ) -> dict[str, tf.Tensor]:
        """From ids to a waveform.

        Args:
            ids: `[batch, time]`.
            lengths: how many of each row count, `[batch]`.
            noise: as for `speak`.
            duration_noise: `[batch, time, 2]` from N(0, 1); None for a model of `use_sdp=False`.
            speaker: what `condition` takes.
            noise_scale, duration_noise_scale: deviations of the noise. Upstream's notebook has these.
            length_scale: above 1 is slower.

        Returns:
            What `speak` gives, and `log_durations` `[batch, time, 1]`, `durations` `[batch, time]`, `frames` `[batch]`.
        """
        g = self.condition(speaker)
        text = self.encode_text(ids, lengths)
        if duration_noise is not None:
            duration_noise = tf.convert_to_tensor(duration_noise)
            duration_noise *= _number(duration_noise_scale, duration_noise.dtype)
        log_durations = self.log_durations(text, duration_noise, g)
        durations = self.durations(text, log_durations, length_scale)
        spoken = self.speak(text, durations, noise, g, noise_scale)
        return {
            **spoken,
            "log_durations": log_durations,
            "durations": durations,
            "frames": self.frames(durations),
        }


def _number(value: float | tf.Tensor, dtype) -> tf.Tensor:
    """`tf.cast` alone would take a Python number for one of float32."""
    return tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)
