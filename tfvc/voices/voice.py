"""What a voice is, whichever family it is of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.text import Utterance


@dataclass(frozen=True, eq=False)
class Voiceprint:
    """Who shall speak.

    Attributes:
        vector: `[values]`, what stands for the speaker.
        maker: what it was made by; None where nothing made it.
    """

    vector: np.ndarray
    maker: Maker | None = None

    def check_made_by(self, maker: Maker | None) -> None:
        """Raises TfvcError, naming both, if it was made by another than `maker`."""
        if self.maker and maker and not self.maker.fits(maker):
            raise TfvcError(f"a voiceprint of {self.maker} was given to a voice that takes those of {maker}")


@runtime_checkable
class Voice(Protocol):
    """A family's networks put together to do what a user asks of a voice. A family's record names its class.

    Attributes:
        notes: what was assumed when it was loaded, a line each; commands print them.
    """

    notes: Sequence[str]

    @classmethod
    def from_preset(cls, model: str, **parts: str) -> Self:
        """Loads a voice.

        Args:
            model: name or folder of the preset of its model.
            parts: those others that the user or a `voice.json` names, `vocoder` or `speaker_encoder`; a family that
                has no such part refuses it, and chooses what is not named itself.

        Raises:
            TfvcError: if a part is not there, is damaged, or they do not fit each other.
        """

    def targets(self, recordings: Sequence[Recording] | str) -> Voiceprint:
        """Who is heard in some recordings, or the speaker of that name.

        Raises:
            TfvcError: if the voice does not take its speakers that way.
        """

    def convert(self, source: Recording, target: Voiceprint) -> Recording:
        """What is said in `source`, in another voice, as long as the source.

        Raises:
            TfvcError: if the recording cannot be used, or the voiceprint is another voice's.
        """


@runtime_checkable
class VoiceOfSpeakers(Voice, Protocol):
    """A voice whose speakers have names, or are one: it does not convert unless told who speaks in the source.

    Attributes:
        speakers: their names; none if there is one speaker.
    """

    speakers: Sequence[str]

    def convert(self, source: Recording, target: Voiceprint, said_by: Voiceprint | None = None) -> Recording:
        """As `Voice.convert`; `said_by` is who speaks in the source."""


@dataclass(frozen=True)
class Manner:
    """How a text is spoken.

    Attributes:
        seed: of what is drawn; the same seed gives the same sound.
        speed: above 1 is faster.
        noise: deviation of what is drawn for the sound; None for what the voice is best spoken with. 0: none is.
        duration_noise: likewise for the durations.

    Raises:
        TfvcError: naming a value that is none.
    """

    seed: int = 0
    speed: float = 1.0
    noise: float | None = None
    duration_noise: float | None = None

    def __post_init__(self):
        if not 0 <= self.seed < 1 << 63:
            raise TfvcError(f"the seed must be a number from 0 to 2^63-1, received {self.seed}")
        if not 0.1 <= self.speed <= 10:
            raise TfvcError(f"the speed must be a number from 0.1 to 10, received {self.speed}")
        for name in ("noise", "duration_noise"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 10:
                raise TfvcError(f"{name} must be a number from 0 to 10, received {value}")


@runtime_checkable
class SpeakingVoice(Voice, Protocol):
    """A voice that reads text aloud too.

    Attributes:
        sample_rate: in Hz, of what it says.
    """

    sample_rate: int

    def only_speaker(self) -> Voiceprint:
        """Who speaks where nobody is named. Raises TfvcError, saying who there is, if there are several."""

    def read(self, text: str) -> Sequence[Utterance]:
        """The sentences of a text as they are spoken. Raises TfvcError if it cannot be."""

    def utter(self, utterances: Iterable[Utterance], target: Voiceprint, manner: Manner) -> Iterator[np.ndarray]:
        """The sound of each sentence, `[samples]`, and of the pause before it; one at a time is in memory."""

    def speak(self, text: str, target: Voiceprint, manner: Manner = Manner()) -> Recording:
        """A text in a voice. Raises TfvcError if the text cannot be spoken."""
