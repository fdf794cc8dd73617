"""Voices by name or folder, of whichever family."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path

from tfvc.common.defaults import GRIFFIN_LIM
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object
from tfvc.models.family import Family, families, family_of, find_family
from tfvc.models.locations import find_preset, preset_folders
from tfvc.models.preset import read_config
from tfvc.voices.description import FILE, MODEL, Description, Part
from tfvc.voices.voice import Voice


def load_voice(
    name_or_path: str | os.PathLike, vocoder: str | None = None, speaker_encoder: str | None = None
) -> Voice:
    """The voice in a preset: its family says what a voice of it is.

    Args:
        name_or_path: a preset's name or folder. Where a `voice.json` lies in it, that names the parts.
        vocoder, speaker_encoder: parts in place of those that the file names, or the family would choose.

    Raises:
        TfvcError: if there is no such preset, it is no voice, a part is missing, damaged or not the one that the file
            means, or they do not fit each other.
    """
    folder = find_voice(name_or_path)
    chosen = {"vocoder": vocoder, "speaker_encoder": speaker_encoder}
    parts = {name: value for name, value in chosen.items() if value is not None}
    if not (folder / FILE).is_file():
        return _make(_family_of_preset(folder), {MODEL: str(folder), **parts}, folder)
    description = Description.read(folder)
    named = {name: part for name, part in description.parts.items() if name not in parts}
    for name, part in named.items():
        part.check(folder, name)
    found = {name: part.locate(folder) for name, part in named.items()}
    return _make(find_family(description.family), found | parts, folder)


def save_voice(folder: str | os.PathLike, parts: Mapping[str, str | os.PathLike]) -> Voice:
    """Writes a `voice.json` that names these parts and their hashes, once they have been found to fit.

    Args:
        folder: may be the preset of the model itself.
        parts: `model`, and what its family's voices have beside it: names or folders of presets; "griffin-lim" for a
            `vocoder`. Folders are written relative to `folder`.

    Returns:
        The voice.

    Raises:
        TfvcError: as `load_voice`.
    """
    folder = Path(folder)
    family = _family_of_preset(find_preset(parts[MODEL]))
    voice = _make(family, {name: os.fspath(preset) for name, preset in parts.items()}, folder)
    made = {name: Part.of(preset, folder, weights=preset != GRIFFIN_LIM) for name, preset in parts.items()}
    Description(family.name, made).write(folder)
    return voice


def find_voice(name_or_path: str | os.PathLike) -> Path:
    """The folder of a voice or of a preset, by path or by name. Raises TfvcError if there is none."""
    text = os.fspath(name_or_path)
    folders = [Path(text), *(folder / text for folder in preset_folders() if os.sep not in text)]
    for folder in folders:
        if (folder / FILE).is_file() or (folder / "config.json").is_file():
            return folder
    return find_preset(name_or_path)


def _family_of_preset(folder: Path) -> Family:
    network = read_config(folder)[0]
    family = family_of(network)
    if family.voice is None:
        known = ", ".join(family.name for family in families().values() if family.voice is not None)
        raise TfvcError(f"{folder}: holds {network}, which is no voice; take a preset of {known}")
    return family


def _make(family: Family, parts: Mapping[str, str], folder: Path) -> Voice:
    if family.voice is None:
        raise TfvcError(f"{folder / FILE}: the family {family.name} has no voices")
    load = load_object(family.voice).from_preset
    try:
        arguments = inspect.signature(load).bind(**parts)
    except TypeError as error:
        raise TfvcError(f"{folder}: the parts of a voice of {family.name} are others ({error})") from None
    return load(*arguments.args, **arguments.kwargs)
