"""Recordings in, the same words in another voice out."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import tensorflow as tf

from tfvc.audio import read
from tfvc.common import defaults
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC
from tfvc.models.autovc.windows import in_windows
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.vocoders import Vocoder, check_same_mels, load_vocoder, speak

Recording = str | os.PathLike | tuple[np.ndarray, int]


@dataclass(frozen=True)
class Conversion:
    """What a conversion gives.

    Attributes:
        wave: float32 `[samples]`, as long as the source.
        sample_rate: in Hz; the model's.
        source_mel, mel: `[frames, n_mels]`, before and after.
    """

    wave: np.ndarray
    sample_rate: int
    source_mel: np.ndarray
    mel: np.ndarray


class VoiceConverter:
    """A voice converter: AutoVC between a speaker encoder and a vocoder.

    Args:
        model: the AutoVC.
        speaker_encoder: the encoder whose embeddings the model was trained on.
        vocoder: takes the model's mels.

    Raises:
        TfvcError: if model and vocoder take different mels (naming what differs), or the embedding sizes differ.

    Example:
        vc = tfvc.VoiceConverter.from_preset("autovc_small")
        wave, sample_rate = vc.convert("source.wav", ["target.wav"])
    """

    def __init__(self, model: AutoVC, speaker_encoder: SpeakerEncoder, vocoder: Vocoder):
        check_same_mels("the model", model.mel_spec, vocoder)
        if model.config.embedding != speaker_encoder.config.embedding:
            raise TfvcError(
                f"the model wants speaker embeddings of {model.config.embedding} values, the speaker encoder "
                f"gives {speaker_encoder.config.embedding}"
            )
        self.model = model
        self.speaker_encoder = speaker_encoder
        self.vocoder = vocoder

    @classmethod
    def from_preset(
        cls, model: str = "autovc_small", vocoder: str = defaults.VOCODER, speaker_encoder: str = "ge2e"
    ) -> Self:
        """Loads the three parts by name or path.

        Raises:
            TfvcError: if one is not there, is damaged, or they do not fit each other.
        """
        network = AutoVC.from_preset(model)
        return cls(network, SpeakerEncoder.from_preset(speaker_encoder), load_vocoder(vocoder, network.mel_spec))

    def convert(self, source: Recording, targets: Sequence[Recording]) -> tuple[np.ndarray, int]:
        """Speaks `source` in the voice of `targets`.

        Args:
            source: a sound file, or `(wave [samples], sample_rate)`.
            targets: recordings of the wanted voice; a few seconds are enough, more are averaged.

        Returns:
            The waveform, float32, as long as the source, and its sample rate.

        Raises:
            AudioError: if a recording cannot be used (missing, empty, too short, damaged, NaN).
        """
        result = self.convert_to(source, self.embed(targets))
        return result.wave, result.sample_rate

    def embed(self, recordings: Sequence[Recording]) -> np.ndarray:
        """The mean speaker embedding `[embedding]` of some recordings."""
        if not recordings:
            raise TfvcError("no recording of the target voice was given; name at least one")
        return self.speaker_encoder.embed_speaker([_load(recording) for recording in recordings])

    def convert_to(self, source: Recording, voice: np.ndarray) -> Conversion:
        """Speaks `source` in the voice of an embedding that `embed` gave."""
        spec = self.model.mel_spec
        wave, sample_rate = _load(source, spec.sample_rate)
        own = self.speaker_encoder.embed_utterance(wave, sample_rate)
        mel = spec.extract(wave)
        converted = in_windows(lambda mels: self._convert(mels, own, voice), mel)
        return Conversion(speak(self.vocoder, converted, len(wave)), sample_rate, mel, converted)

    def _convert(self, mels: np.ndarray, own: np.ndarray, voice: np.ndarray) -> np.ndarray:
        embeddings = (np.repeat(embedding[None], len(mels), axis=0) for embedding in (own, voice))
        return self._network(*(tf.constant(x, tf.float32) for x in (mels, *embeddings))).numpy()

    @tf.function(reduce_retracing=True)
    def _network(self, mel, source, target):
        return self.model.convert(mel, source, target)


def _load(recording: Recording, sample_rate: int | None = None) -> tuple[np.ndarray, int]:
    """A recording as `(wave, sample_rate)`, resampled if a rate is wanted."""
    from tfvc.audio import resample

    if isinstance(recording, str | os.PathLike):
        return read(Path(recording), sample_rate)
    wave, rate = recording
    wave = np.asarray(wave, np.float32)
    return (wave, rate) if sample_rate is None else (resample(wave, rate, sample_rate), sample_rate)
