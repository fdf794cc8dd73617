"""AutoVC as a voice: any recording in the voice of any other."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import tensorflow as tf

from tfvc.audio import Recording
from tfvc.common import defaults
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC
from tfvc.models.autovc.encoder import assume_encoder
from tfvc.models.autovc.windows import in_windows
from tfvc.models.locations import find_preset
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.encoders import check_same_encoder, load_encoder
from tfvc.voices.vocoders import Vocoder, check_same_mels, load_vocoder, speak
from tfvc.voices.voice import Voiceprint


class AutoVCVoice:
    """AutoVC between a speaker encoder and a vocoder: a `Voice`.

    Args:
        model: the AutoVC.
        speaker_encoder: the encoder whose embeddings the model was trained on.
        vocoder: takes the model's mels.
        name: what to call the model in messages.
        notes: what was assumed.

    Raises:
        TfvcError: if model and vocoder take different mels (naming what differs), or the embeddings of the encoder are
            not those of the model's training, or have another size.
    """

    def __init__(
        self,
        model: AutoVC,
        speaker_encoder: SpeakerEncoder,
        vocoder: Vocoder,
        name: str = "the model",
        notes: Sequence[str] = (),
    ):
        check_same_mels("the model", model.mel_spec, vocoder)
        self.mel_spec, self.maker = model.mel_spec, speaker_encoder.maker
        if model.speaker_encoder is not None:
            check_same_encoder(name, model.speaker_encoder, self.maker)
        if model.config.embedding != speaker_encoder.config.embedding:
            raise TfvcError(
                f"{name} wants speaker embeddings of {model.config.embedding} values, the speaker encoder "
                f"gives {speaker_encoder.config.embedding}"
            )
        self.model, self.speaker_encoder, self.vocoder = model, speaker_encoder, vocoder
        self.notes = tuple(notes)

    @classmethod
    def from_preset(cls, model: str, vocoder: str = defaults.VOCODER, speaker_encoder: str | None = None) -> Self:
        """Loads the three parts by name or path.

        Args:
            model: preset of the AutoVC.
            vocoder: "griffin-lim", or a preset.
            speaker_encoder: a preset; None takes the one that is called as the maker of the model's embeddings is. Of
                a preset that does not say who that was, it is assumed where its training record allows it.

        Raises:
            TfvcError: if one is not there, is damaged, or they do not fit each other.
        """
        folder = find_preset(model)
        network = AutoVC.from_preset(folder)
        speaking = load_vocoder(vocoder, network.mel_spec)
        check_same_mels("the model", network.mel_spec, speaking)  # before the encoder is looked for
        wanted, notes = network.speaker_encoder, []
        if wanted is None and speaker_encoder is not None:
            return cls(network, SpeakerEncoder.from_preset(speaker_encoder), speaking, str(folder))
        if wanted is None:
            wanted, reason = assume_encoder(folder, network.config, network.mel_spec)
            notes = [f"{folder} does not say what its speaker embeddings come from; {wanted} is assumed ({reason})"]
        encoder = load_encoder(str(folder), wanted, speaker_encoder)
        return cls(network, encoder, speaking, str(folder), notes)

    def targets(self, recordings: Sequence[Recording] | str) -> Voiceprint:
        """The mean speaker embedding of some recordings; a few seconds are enough."""
        if isinstance(recordings, str):
            raise TfvcError(f"{recordings}: AutoVC knows no speakers by name; give recordings of the target voice")
        if not recordings:
            raise TfvcError("no recording of the target voice was given; name at least one")
        return Voiceprint(self.speaker_encoder.embed_speaker(recordings), self.maker)

    def convert(self, source: Recording, target: Voiceprint) -> Recording:
        """What is said in `source`, in the voice of `target`, at the model's rate and as long as the source."""
        return self.vocode(self.convert_mel(source, target), source)

    def convert_mel(self, source: Recording, target: Voiceprint) -> np.ndarray:
        """The mel `[frames, n_mels]` of `source` in the voice of `target`."""
        target.check_made_by(self.maker)
        own = source.embedding(self.speaker_encoder)
        return in_windows(lambda mels: self._convert(mels, own, target.vector), source.mel(self.mel_spec))

    def vocode(self, mel: np.ndarray, source: Recording) -> Recording:
        """The sound of the converted mel `[frames, n_mels]` of a recording."""
        rate = self.mel_spec.sample_rate
        return Recording(speak(self.vocoder, mel, len(source.at(rate))), rate, f"{source.name}, converted")

    def _convert(self, mels: np.ndarray, own: np.ndarray, target: np.ndarray) -> np.ndarray:
        embeddings = (np.repeat(embedding[None], len(mels), axis=0) for embedding in (own, target))
        return self._network(*(tf.constant(x, tf.float32) for x in (mels, *embeddings))).numpy()

    @tf.function(reduce_retracing=True)
    def _network(self, mel, source, target):
        return self.model.convert(mel, source, target)
