"""What the configuration files of others say of a VITS, in one form."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.text import TextFrontEnd

_LARGEST = 1_000_000
LATIN_LETTERS = "the voice reads texts in Latin letters as uroman writes them; give it such texts"


@dataclass(frozen=True)
class Published:
    """A VITS without its weights.

    Attributes:
        model: its sizes under the names of upstream's `config.json` and of `SynthesizerTrn`; what is not among them,
            is as upstream has it.
        data: `sampling_rate`, `filter_length`, `hop_length`, `win_length` of its audio.
        front_end: how it reads a text; None if no file tells.
        speakers: name -> id, as far as the speakers have names.
        inference: `noise_scale`, `noise_scale_w` and `length_scale` that it is spoken with.
        notes: what whoever imports it should know, a line each.
    """

    model: dict[str, Any]
    data: dict[str, Any]
    front_end: TextFrontEnd | None = None
    speakers: dict[str, int] = field(default_factory=dict)
    inference: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def taken(content: Mapping[str, Any], names: Mapping[str, str], whose: str, where: Path | str) -> dict[str, Any]:
    """Fields under our names.

    Args:
        content: the object they are in.
        names: our name -> theirs.
        whose, where: for messages.

    Raises:
        TfvcError: naming the field that is missing.
    """
    for theirs in names.values():
        if theirs not in content:
            raise TfvcError(f"{where}: the field {theirs!r} of {whose} is missing")
    return {ours: content[theirs] for ours, theirs in names.items()}


def section(content: Mapping[str, Any], name: str, whose: str, where: Path | str) -> dict[str, Any]:
    """An object within a configuration. Raises TfvcError if there is none of that name."""
    found = content.get(name)
    if not isinstance(found, dict):
        raise TfvcError(f"{where}: {name!r} of {whose} must be an object of fields, received {_shown(found)}")
    return found


def required(content: Mapping[str, Any], values: Mapping[str, Any], whose: str, where: Path | str) -> None:
    """Refuses fields, where they are there, that would make it another network.

    Raises:
        TfvcError: naming the field, what it must be and what was received.
    """
    for name, value in values.items():
        if name in content and content[name] != value:
            raise TfvcError(
                f"{where}: {name} of {whose} is {_shown(content[name])}; only networks where it is {value!r} are read"
            )


def number(
    content: Mapping[str, Any], name: str, default: float, whose: str, where: Path | str, least: float = 0, kind=float
) -> float | int:
    """A field that is a number.

    Args:
        content: the object it is in.
        name, default: the field, and what it is where it is not there.
        whose, where: for messages.
        least: what it may be.
        kind: float, or int for whole numbers.

    Raises:
        TfvcError: for anything else.
    """
    value = content.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | kind) or not least <= value <= _LARGEST:
        must = f"a {'whole ' if kind is int else ''}number from {least} to {_LARGEST}"
        raise TfvcError(f"{where}: {name} of {whose} must be {must}, received {_shown(value)}")
    return kind(value)


def hop_of(rates: Any, whose: str, where: Path | str) -> int:
    """Samples for each frame, of what each upsampling multiplies by. Raises TfvcError if these are no whole numbers."""
    if not isinstance(rates, list | tuple) or not all(map(_is_id, rates)):
        raise TfvcError(f"{where}: upsample_rates of {whose} must be whole numbers, received {_shown(rates)}")
    return math.prod(rates)


def texts(content: Any, what: str, where: Path | str) -> list[str]:
    """A list of texts. Raises TfvcError for anything else."""
    if not isinstance(content, list | tuple) or not all(isinstance(item, str) for item in content):
        raise TfvcError(f"{where}: {what} must be a list of texts, received {_shown(content)}")
    return list(content)


def speaker_ids(content: Any, where: Path | str) -> dict[str, int]:
    """Names of speakers with their ids, from an object or from a list in the order of the ids.

    White space around names and within them is collapsed: tables that others made by splitting lines have line breaks
    in them, which nobody types and which would break a message.

    Raises:
        TfvcError: if it is neither, an id is no number from 0, or two speakers have one id or one name.
    """
    if isinstance(content, list | tuple):
        content = {name: i for i, name in enumerate(texts(content, "speakers", where))}
    if not isinstance(content, Mapping) or not all(_is_id(value) for value in content.values()):
        raise TfvcError(f"{where}: speakers must be names with their ids, received {_shown(content)}")
    if len(set(content.values())) < len(content):
        raise TfvcError(f"{where}: two speakers have the same id")
    named = {" ".join(str(name).split()): value for name, value in content.items()}
    if len(named) < len(content):
        raise TfvcError(f"{where}: two speakers have the same name")
    return named


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
