"""VITS as a voice: a text, or what somebody else has said, by one of its speakers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import tensorflow as tf

from tfvc.audio import Recording
from tfvc.common import defaults
from tfvc.common.errors import TfvcError
from tfvc.models.locations import find_preset
from tfvc.models.preset import read_config
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.models.vits import VITS, ToneConverter
from tfvc.models.vits.tables import SCALES, check_scales
from tfvc.text import TextFrontEnd, Utterance
from tfvc.voices.tone import ToneVoice
from tfvc.voices.vits_conversion import Conversion
from tfvc.voices.vits_speakers import EmbeddedSpeakers, OneSpeaker, Speakers, TableOfSpeakers, argument
from tfvc.voices.voice import Manner, Voiceprint
from tfvc.voices.windows import in_windows

_PAUSE_SECONDS = 0.2
# A symbol of a trained voice has some five frames at its usual speed.
_MOST_FRAMES_OF_A_SYMBOL = 500


class VITSVoice:
    """A VITS: a `SpeakingVoice`, and one that converts between those that it knows.

    Args:
        model: the VITS.
        speakers: how it tells speakers apart.
        name: what to call it in messages.
        notes: what was assumed.

    Raises:
        TfvcError: if the model has no front-end, or its tables are damaged.
    """

    def __init__(self, model: VITS, speakers: Speakers, name: str = "the model", notes: Sequence[str] = ()):
        self.model, self.name, self.notes = model.fuse(), name, tuple(notes)
        self._speakers = speakers
        self._conversion = Conversion(self.model, speakers.signature, noise_scale=1.0)
        self.sample_rate: int = self.model.mel_spec.sample_rate
        self.front_end = _front_end(model, name)
        self._scales = _scales(model, name)
        self._make_functions()

    @classmethod
    def from_preset(cls, model: str, speaker_encoder: str | None = None) -> Any:
        """Loads a voice of the family: a `VITSVoice`, or a `ToneVoice` if that is what the preset holds.

        Args:
            model: preset of the VITS or of the tone converter.
            speaker_encoder: a preset, for models that take embeddings; None assumes GE2E.

        Raises:
            TfvcError: if one is not there, is damaged, or they do not fit each other.
        """
        folder = find_preset(model)
        if read_config(folder)[0] == ToneConverter.name_in_presets:
            if speaker_encoder is not None:
                raise TfvcError(f"{folder}: the tone converter embeds speakers itself; leave the speaker encoder out")
            return ToneVoice.from_preset(folder)
        return cls.from_model(VITS.from_preset(folder), str(folder), speaker_encoder)

    @classmethod
    def from_model(cls, model: VITS, name: str = "the model", speaker_encoder: str | None = None) -> Self:
        """The voice of a model, whichever way it tells speakers apart; arguments and errors as of `from_preset`."""
        return cls(model, *_speakers_of(model, name, speaker_encoder))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of those that can be named."""
        return self._speakers.names

    def targets(self, recordings: Sequence[Recording] | str) -> Voiceprint:
        """The speaker of that name, or who is heard in recordings; the model takes the one or the other."""
        return self._speakers.find(recordings)

    def only_speaker(self) -> Voiceprint:
        """Who speaks where nobody is named."""
        return self._speakers.nobody_named()

    def convert(self, source: Recording, target: Voiceprint, said_by: Voiceprint | None = None) -> Recording:
        """What is said in `source`, by another of the speakers, at the model's rate and as long as the source.

        Raises:
            TfvcError: if the model does not convert, or it must be told who speaks in the source.
        """
        if not self.model.converts:
            raise TfvcError(f"{self.name}: the voice was exported without its posterior encoder; it only speaks")
        said_by = self._speakers.heard_in(source) if said_by is None else said_by
        return self._conversion(source, *(argument(who, self._speakers) for who in (said_by, target)))

    def read(self, text: str) -> list[Utterance]:
        """The sentences of a text, as they are spoken.

        Raises:
            TfvcError: if the model reads no text, or not this one.
        """
        if self.front_end is None:
            raise TfvcError(
                f"{self.name}: the voice has no symbols.json, which says how it reads a text; import it anew"
            )
        return self.front_end.utterances(text)

    def utter(self, utterances: Iterable[Utterance], target: Voiceprint, manner: Manner) -> Iterator[np.ndarray]:
        """The sound of each sentence, `[samples]` float32, with a pause before all but the first."""
        for index, utterance in enumerate(utterances):
            wave = self._utter(utterance, target, manner, index)
            pause = np.zeros(int(_PAUSE_SECONDS * self.sample_rate) if index else 0, np.float32)
            yield np.concatenate([pause, wave])

    def speak(self, text: str, target: Voiceprint, manner: Manner = Manner()) -> Recording:  # noqa: B008
        """A text in the voice of one of the speakers."""
        return Recording(np.concatenate(list(self.utter(self.read(text), target, manner))), self.sample_rate, "speech")

    def _utter(self, utterance: Utterance, target: Voiceprint, manner: Manner, index: int) -> np.ndarray:
        dtype, config = self.model.variable_dtype, self.model.config
        drawing = np.random.default_rng([manner.seed, index])
        noise, duration_noise, length = self._scales_of(manner)
        ids = np.array([utterance.ids], np.int32)
        speaker = argument(target, self._speakers)
        drawn = duration_noise * drawing.standard_normal((1, ids.shape[1], 2))
        durations = self._durations(ids, drawn.astype(dtype), np.array(length, dtype), *speaker).numpy()
        frames = max(1, int(self._checked(durations, utterance, length).sum()))
        drawn = noise * drawing.standard_normal((1, frames, config.inter_channels))
        z = self._latent(ids, durations, drawn.astype(dtype), *speaker)

        def decode(first: int, last: int) -> np.ndarray:
            return self._decode(z[:, first:last], *speaker).numpy()

        pieces = in_windows(decode, frames, self.model.decoder.reach, self.model.hop)
        return np.concatenate(list(pieces)).astype(np.float32, copy=False)

    def _checked(self, durations: np.ndarray, utterance: Utterance, length: float) -> np.ndarray:
        """Before memory is taken for them."""
        most = _MOST_FRAMES_OF_A_SYMBOL * len(utterance.ids) * max(1.0, length)
        if not np.isfinite(durations).all() or durations.sum() > most:
            raise TfvcError(
                f"{self.name}: {utterance.text!r} would last {durations.sum():g} frames, which no speech does; is the "
                "voice trained?"
            )
        return durations

    def _scales_of(self, manner: Manner) -> tuple[float, float, float]:
        noise = self._scales["noise_scale"] if manner.noise is None else manner.noise
        durations = self._scales["duration_noise_scale"] if manner.duration_noise is None else manner.duration_noise
        return noise, durations, self._scales["length_scale"] / manner.speed

    def _make_functions(self) -> None:
        """With lengths left open, one trace of each serves all sentences."""
        model, speaker = self.model, self._speakers.signature
        dtype, channels = model.variable_dtype, model.config.inter_channels
        ids, durations = tf.TensorSpec([1, None], tf.int32), tf.TensorSpec([1, None], dtype)
        pairs, scale = tf.TensorSpec([1, None, 2], dtype), tf.TensorSpec([], dtype)
        latent = tf.TensorSpec([1, None, channels], dtype)

        @tf.function(input_signature=[ids, pairs, scale, *speaker])
        def durations_of(ids, noise, length_scale, *speaker):
            text = model.encode_text(ids, tf.shape(ids)[1:2])
            log_durations = model.log_durations(text, noise, model.condition(*(speaker or (None,))))
            return model.durations(text, log_durations, length_scale)

        @tf.function(input_signature=[ids, durations, latent, *speaker])
        def latent_of(ids, durations, noise, *speaker):
            text = model.encode_text(ids, tf.shape(ids)[1:2])
            # Of what `speak` gives only z is asked for, and only that computed.
            return model.speak(text, durations, noise, model.condition(*(speaker or (None,))), noise_scale=1.0)["z"]

        @tf.function(input_signature=[latent, *speaker])
        def decode(z, *speaker):
            return model.decoder(z, model.outside_flow(model.condition(*(speaker or (None,)))))[0, :, 0]

        self._durations, self._latent, self._decode = durations_of, latent_of, decode


def _speakers_of(model: VITS, name: str, speaker_encoder: str | None) -> tuple[Speakers, str, list[str]]:
    """How a model tells speakers apart, its name, and what was assumed."""
    config = model.config
    if speaker_encoder is not None and not config.embedding_size:
        raise TfvcError(f"{name}: the model takes no speaker embeddings; leave the speaker encoder out")
    if config.n_speakers:
        return TableOfSpeakers(config.n_speakers, _ids(model, name)), name, []
    if not config.embedding_size:
        return OneSpeaker(), name, []
    encoder = SpeakerEncoder.from_preset(speaker_encoder or defaults.SPEAKER_ENCODER)
    if encoder.config.embedding != config.embedding_size:
        raise TfvcError(
            f"{name} wants speaker embeddings of {config.embedding_size} values, the speaker encoder gives "
            f"{encoder.config.embedding}; name the right one by --speaker-encoder"
        )
    assumed = f"{name} does not say what its speaker embeddings come from; {encoder.maker} is assumed"
    return EmbeddedSpeakers(encoder), name, [] if speaker_encoder else [assumed]


def _ids(model: VITS, name: str) -> dict[str, int]:
    ids = model.speaker_ids or {}
    for speaker, row in ids.items():
        if not isinstance(row, int) or not 0 <= row < model.config.n_speakers:
            raise TfvcError(f"{name}: speakers.json gives {speaker!r} the id {row!r} of {model.config.n_speakers}")
    return ids


def _front_end(model: VITS, name: str) -> TextFrontEnd | None:
    if model.symbols is None:
        return None
    front_end = TextFrontEnd.from_dict(model.symbols, f"{name}: symbols.json")
    if front_end.largest_id >= model.config.n_vocab:
        raise TfvcError(
            f"{name}: symbols.json has the id {front_end.largest_id}, the network {model.config.n_vocab} symbols"
        )
    return front_end


def _scales(model: VITS, name: str) -> dict[str, float]:
    told = model.speaking or {}
    check_scales(told, f"{name}: speaking.json")
    return SCALES | told
