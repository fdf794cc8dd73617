"""What a protocol says."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Lt

from tfvc.common import defaults
from tfvc.common.config import Config, Count, Positive
from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class ProtocolConfig(Config):
    """What names the checkpoints and makes every draw the same.

    Attributes:
        model: preset of the converter.
        vocoder: "griffin-lim" or a preset; of the conversions.
        speaker_encoder: a preset, of the conversions and of the cosines; empty for that of the model's training.
        seed: of what is drawn.
    """

    model: str = "autovc_small"
    vocoder: str = defaults.VOCODER
    speaker_encoder: str = ""
    seed: Annotated[int, Ge(0), Lt(2**32)] = 0


@dataclass(frozen=True)
class ParallelConfig(Config):
    """All ordered pairs of speakers who say the same sentences.

    Attributes:
        corpus: folder with a folder a speaker; what follows the last "_" in a file's name is the sentence.
        sentences: how many are converted, the last that all speakers say. Of a speaker's other recordings every
            second one gives the target voice, and those between are what the result is compared with.
    """

    corpus: str = "vctk4"
    sentences: Count = 4


@dataclass(frozen=True)
class UnseenConfig(Config):
    """Drawn pairs of speakers whom neither the model nor the vocoder knows.

    Attributes:
        corpus: folder with a folder a speaker. The first half of a speaker's first recording is converted, or gives
            the target voice; the second half is what results are compared with.
        pairs: how many of the ordered pairs are drawn.
        speakers: their names; empty for those that the `training.json` of the model and of the vocoder say were held
            out.
    """

    corpus: str = "librispeech251"
    pairs: Count = 100
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class CopySynthesisConfig(Config):
    """Recordings of unknown speakers spoken again from their mels, by vocoders side by side.

    Attributes:
        corpus: folder with a folder a speaker; the first recording of each is taken.
        vocoders: "griffin-lim" or presets.
        recordings: how many.
        speakers: their names; empty for those that the `training.json` of every vocoder says were held out.
    """

    corpus: str = "librispeech251"
    vocoders: tuple[str, ...] = (defaults.VOCODER,)
    recordings: Count = 12
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LongRecordingConfig(Config):
    """A long recording converted in one go, into its own voice: nothing may get worse along it.

    Attributes:
        corpus: folder with a folder a speaker. Recordings are cut to whole windows and joined until the length is
            reached, from the first again when they run out, so that each window lies in one recording.
        speaker: a name; empty for the first one held out of the training of both the model and the vocoder.
        seconds: length.
        window_seconds: length of the windows that are measured.
    """

    corpus: str = "librispeech251"
    speaker: str = ""
    seconds: Positive = 60.0
    window_seconds: Positive = 5.0


_SECTIONS = {
    "parallel": ParallelConfig,
    "unseen": UnseenConfig,
    "copy_synthesis": CopySynthesisConfig,
    "long_recording": LongRecordingConfig,
}


@dataclass(frozen=True)
class Protocol:
    """A protocol: what is common, and its sections by name."""

    common: ProtocolConfig
    sections: dict[str, Config] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As the file has it, with every default filled in."""
        return {**self.common.to_dict(), **{name: section.to_dict() for name, section in self.sections.items()}}


def load_protocol(path: Path, changes: Sequence[tuple[str, Any]] = ()) -> Protocol:
    """Reads a protocol; values that it does not name have their defaults.

    Args:
        path: the TOML file.
        changes: values put in the place of the file's: ("model", name), ("unseen.pairs", 20).

    Raises:
        TfvcError: naming the file and what is wrong: no TOML, an unknown key or section, a value of another type or
            out of range.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise TfvcError(f"{path}: cannot be read as a protocol ({problem})") from None
    for key, value in changes:
        section, dot, name = key.rpartition(".")
        if dot and not isinstance(content.setdefault(section, {}), dict):
            raise TfvcError(f"{path}: {section} is no section; those of a protocol are {', '.join(_SECTIONS)}")
        (content[section] if dot else content)[name] = value
    common = {key: value for key, value in content.items() if not isinstance(value, dict)}
    named = {key: value for key, value in content.items() if isinstance(value, dict)}
    if unknown := sorted(named.keys() - _SECTIONS.keys()):
        raise TfvcError(f"{path}: no section is called {unknown[0]!r}; those of a protocol are {', '.join(_SECTIONS)}")
    if not named:
        raise TfvcError(f"{path}: has no section; those of a protocol are {', '.join(_SECTIONS)}")
    return Protocol(
        _filled(ProtocolConfig, common, str(path)),
        {name: _filled(_SECTIONS[name], named[name], f"{path}: {name}") for name in _SECTIONS if name in named},
    )


def _filled(config: type[Config], values: dict[str, Any], where: str) -> Config:
    return config.from_dict(config().to_dict() | values, where)
