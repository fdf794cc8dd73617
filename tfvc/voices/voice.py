"""What a voice is, whichever family it is of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np

from tfvc.audio import Recording
from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker


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
class SpeakingVoice(Voice, Protocol):
    """A voice that reads text aloud too."""

    def speak(self, text: str, target: Voiceprint) -> Recording:
        """A text in a voice. Raises TfvcError if the text cannot be spoken."""
