"""Who speaks in a VITS: its only speaker, a row of its table, or whoever is heard in a recording."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.voices.voice import Voiceprint


class Speakers(Protocol):
    """How a model tells speakers apart.

    Attributes:
        names: of those that can be named.
        signature: what the network takes for a speaker; empty for nothing.
        shape: of the vector in a voiceprint.
        maker: of that vector; None where nothing makes it.
    """

    names: tuple[str, ...]
    signature: tuple[tf.TensorSpec, ...]
    shape: tuple[int, ...]
    maker: Maker | None

    def find(self, wanted: Sequence[Recording] | str) -> Voiceprint:
        """Who is meant by a name or by recordings. Raises TfvcError for who cannot be meant so."""

    def nobody_named(self) -> Voiceprint:
        """Who is meant where nothing is said. Raises TfvcError if that is nobody."""

    def heard_in(self, source: Recording) -> Voiceprint:
        """Who speaks in a recording. Raises TfvcError if the model cannot tell."""


def argument(voiceprint: Voiceprint, speakers: Speakers) -> tuple[tf.Tensor, ...]:
    """What the network takes for a speaker. Raises TfvcError if the voiceprint is of another kind of voice."""
    voiceprint.check_made_by(speakers.maker)
    if voiceprint.vector.shape != speakers.shape:
        raise TfvcError(
            f"a voiceprint of the shape {list(voiceprint.vector.shape)} was given to a voice that takes "
            f"{list(speakers.shape)}; take what its own `targets` gives"
        )
    return tuple(tf.constant(voiceprint.vector[None], spec.dtype) for spec in speakers.signature)


class OneSpeaker:
    """A model of one speaker."""

    names = ()
    signature = ()
    shape = (0,)
    maker = None

    def find(self, wanted):
        if isinstance(wanted, str):
            raise TfvcError(f"no speaker {wanted!r}: the voice has one speaker, which has no name; leave the name out")
        raise TfvcError("the voice has one speaker; it does not take the voice of a recording")

    def nobody_named(self):
        return Voiceprint(np.empty(0, np.float32))

    def heard_in(self, source):
        raise TfvcError("the voice has one speaker; it speaks, and there is no other voice that it converts")


class TableOfSpeakers:
    """A model with a table of speakers: `speakers.json` names them, and each has its number for a name.

    Where speakers are named by numbers, as those of LibriTTS are, these count: then only who has no name goes by the
    number of the row.

    Args:
        count: rows.
        ids: names with their rows, as far as there are names.
    """

    signature = (tf.TensorSpec([1], tf.int32),)
    shape = ()
    maker = None

    def __init__(self, count: int, ids: dict[str, int]):
        taken = set(ids.values()) if any(map(str.isdecimal, ids)) else set()
        self._ids = {**{str(i): i for i in range(count) if i not in taken}, **ids}
        self.names = tuple(ids) or tuple(map(str, range(count)))
        self._count = count

    def find(self, wanted):
        if not isinstance(wanted, str):
            raise TfvcError(f"the voice knows its speakers by name, not by recordings; {self._there_are()}")
        if wanted not in self._ids:
            raise TfvcError(f"no speaker {wanted!r} in the voice; {self._there_are()}")
        return Voiceprint(np.array(self._ids[wanted]))

    def nobody_named(self):
        if self._count == 1:
            return Voiceprint(np.array(0))
        raise TfvcError(f"the voice has {self._count} speakers; name one (--to): {self._there_are()}")

    def heard_in(self, source):
        raise TfvcError(f"{source.name}: say who speaks in it (--from); {self._there_are()}")

    def _there_are(self, most: int = 6) -> str:
        more = ", ..." if len(self.names) > most else ""
        return f"there are {', '.join(self.names[:most])}{more} (tfvc info lists them)"


class EmbeddedSpeakers:
    """A model that takes what a speaker encoder makes of recordings.

    Args:
        encoder: the one of its training.
    """

    names = ()

    def __init__(self, encoder: SpeakerEncoder):
        self._encoder, self.maker = encoder, encoder.maker
        self.shape = (encoder.config.embedding,)
        self.signature = (tf.TensorSpec([1, *self.shape], tf.float32),)

    def find(self, wanted):
        if isinstance(wanted, str):
            raise TfvcError(f"no speaker {wanted!r}: the voice takes its speakers from recordings; give some")
        if not wanted:
            raise TfvcError("no recording of the target voice was given; name at least one")
        return Voiceprint(self._encoder.embed_speaker(wanted), self.maker)

    def nobody_named(self):
        raise TfvcError("the voice takes its speakers from recordings; give one (--prompt)")

    def heard_in(self, source):
        return Voiceprint(source.embedding(self._encoder), self.maker)
