"""Which files of a folder are sound."""

import os
from collections.abc import Iterator
from pathlib import Path

from tfvc.common.errors import TfvcError

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg")


def sound_files(folder: str | os.PathLike) -> list[Path]:
    """All sound files below a folder, sorted.

    A file is one by its suffix, in whatever case. What begins with a dot is left out, folders and the `._name.wav` of
    macOS among it; symbolic links are followed, and one that leads nowhere counts, so that whoever reads it says so.

    Raises:
        TfvcError: if a folder cannot be read.
    """
    return sorted(_below(Path(folder), ()))


def stem_below(file: Path, folder: Path) -> str:
    """A file's path below a folder without its suffix, with forward slashes: what files of one name share."""
    return file.relative_to(folder).with_suffix("").as_posix()


def _below(folder: Path, ancestors: tuple[str, ...]) -> Iterator[Path]:
    # A link to a folder above would be walked for ever.
    real = os.path.realpath(folder)
    if real in ancestors:
        return
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise TfvcError(f"{folder} cannot be read ({error.strerror}); check its permissions") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _below(folder / entry.name, (*ancestors, real))
        elif entry.name.lower().endswith(SUFFIXES):
            yield folder / entry.name
