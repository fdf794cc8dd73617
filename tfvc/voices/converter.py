"""Recordings in, the same words in another voice out."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.autovc import AutoVCVoice
from tfvc.voices.load import load_voice
from tfvc.voices.vocoders import Vocoder
from tfvc.voices.voice import Voiceprint

# A recording, a sound file, or `(wave [samples], sample_rate)`.
Sound = Recording | str | os.PathLike | tuple[np.ndarray, int]


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
    """`AutoVCVoice` for sound files and arrays.

    Args:
        model: the AutoVC.
        speaker_encoder: the encoder whose embeddings the model was trained on.
        vocoder: takes the model's mels.

    Raises:
        TfvcError: if they do not fit each other, as `AutoVCVoice` says.

    Example:
        vc = tfvc.VoiceConverter.from_preset("autovc_small")
        wave, sample_rate = vc.convert("source.wav", ["target.wav"])
    """

    def __init__(self, model: AutoVC, speaker_encoder: SpeakerEncoder, vocoder: Vocoder):
        self.voice = AutoVCVoice(model, speaker_encoder, vocoder)
        self.model, self.speaker_encoder, self.vocoder = model, speaker_encoder, vocoder

    @classmethod
    def from_preset(
        cls, model: str = "autovc_small", vocoder: str | None = None, speaker_encoder: str | None = None
    ) -> Self:
        """Loads the three parts by name or path; those that are not named are chosen as `load_voice` does.

        What has to be assumed is warned of.

        Raises:
            TfvcError: if one is not there, is damaged, or they do not fit each other; or for another family's voice.
        """
        voice = load_voice(model, vocoder, speaker_encoder)
        if not isinstance(voice, AutoVCVoice):
            raise TfvcError(f"{model}: is no AutoVC; tfvc.voices.load.load_voice gives its {type(voice).__name__}")
        for note in voice.notes:
            warnings.warn(note, stacklevel=2)
        return cls(voice.model, voice.speaker_encoder, voice.vocoder)

    def convert(self, source: Sound, targets: Sequence[Sound]) -> tuple[np.ndarray, int]:
        """Speaks `source` in the voice of `targets`.

        Args:
            source: a recording, a sound file, or `(wave [samples], sample_rate)`.
            targets: recordings of the wanted voice; a few seconds are enough, more are averaged.

        Returns:
            The waveform, float32, as long as the source, and its sample rate.

        Raises:
            AudioError: if a recording cannot be used (missing, empty, too short, damaged, NaN).
        """
        target = self.voice.targets([_recording(sound) for sound in targets])
        spoken = self.voice.convert(_recording(source), target)
        return spoken.wave, spoken.sample_rate

    def embed(self, recordings: Sequence[Sound]) -> np.ndarray:
        """The mean speaker embedding `[embedding]` of some recordings."""
        return self.voice.targets([_recording(sound) for sound in recordings]).vector

    def convert_to(self, source: Sound, voice: np.ndarray) -> Conversion:
        """Speaks `source` in the voice of an embedding that `embed` gave."""
        recording = _recording(source)
        mel = self.voice.convert_mel(recording, Voiceprint(voice, self.voice.maker))
        spoken = self.voice.vocode(mel, recording)
        return Conversion(spoken.wave, spoken.sample_rate, recording.mel(self.voice.mel_spec), mel)


def _recording(sound: Sound) -> Recording:
    if isinstance(sound, Recording):
        return sound
    return Recording.read(sound) if isinstance(sound, str | os.PathLike) else Recording(*sound)
