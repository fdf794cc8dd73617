"""OpenVoice's tone colour converter as a voice: any recording in the voice of any other."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import tensorflow as tf

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.models.vits import ToneConverter
from tfvc.voices.vits_conversion import Conversion
from tfvc.voices.voice import Voiceprint
from tfvc.weights import weights_sha256

# What OpenVoice converts with.
_NOISE_SCALE = 0.3
# About twelve seconds: of longer recordings the embeddings of such pieces are averaged, and memory is bounded.
_PIECE_FRAMES = 1024


class ToneVoice:
    """A tone converter: a `Voice` that hears by itself who speaks.

    Args:
        model: the converter.
        notes: what was assumed.

    Raises:
        TfvcError: if the model has no front-end.
    """

    def __init__(self, model: ToneConverter, notes: Sequence[str] = ()):
        self.model, self.notes = model.fuse(), tuple(notes)
        self.maker = Maker(model.name_in_presets, weights_sha256(model))
        gin, dtype = model.config.gin_channels, model.variable_dtype
        self._conversion = Conversion(self.model, (tf.TensorSpec([1, gin], dtype),), _NOISE_SCALE)
        spectrogram = tf.TensorSpec([1, None, model.config.spec_channels], dtype)
        self._embed = tf.function(self.model.embed, input_signature=[spectrogram])

    @classmethod
    def from_preset(cls, model: str) -> Self:
        """Loads the converter by name or path. Raises TfvcError if it is not there or damaged."""
        return cls(ToneConverter.from_preset(model))

    def targets(self, recordings: Sequence[Recording] | str) -> Voiceprint:
        """Who is heard in some recordings: the mean of what each is embedded as."""
        if isinstance(recordings, str):
            raise TfvcError(f"no speaker {recordings!r}: the voice takes its speakers from recordings; give some")
        if not recordings:
            raise TfvcError("no recording of the target voice was given; name at least one")
        return Voiceprint(np.mean([self._voice_of(recording) for recording in recordings], axis=0), self.maker)

    def convert(self, source: Recording, target: Voiceprint) -> Recording:
        """What is said in `source`, in the voice of `target`, at the model's rate and as long as the source."""
        target.check_made_by(self.maker)
        if target.vector.shape != (self.model.config.gin_channels,):
            raise TfvcError(
                f"a voiceprint of the shape {list(target.vector.shape)} was given to a tone converter of "
                f"{self.model.config.gin_channels} values; take what its own `targets` gives"
            )
        dtype = self.model.variable_dtype
        said_by, target = ((tf.constant(v[None], dtype),) for v in (self._voice_of(source), target.vector))
        return self._conversion(source, said_by, target)

    def _voice_of(self, recording: Recording) -> np.ndarray:
        """`[gin_channels]`; all pieces of a recording are about as long."""

        def embed() -> np.ndarray:
            spectrogram, dtype = recording.mel_in_pieces(self.model.mel_spec), self.model.variable_dtype
            count = -(-len(spectrogram) // _PIECE_FRAMES)
            edges = [len(spectrogram) * i // count for i in range(count + 1)]
            pieces = (spectrogram.frames(*ends).astype(dtype, copy=False) for ends in pairwise(edges))
            return np.mean([self._embed(piece[None])[0].numpy() for piece in pieces], axis=0)

        return recording.once(("tone", self.model), embed)
