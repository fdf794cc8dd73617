"""Which audio files a corpus folder holds: `CORPUS/<speaker>/**/*.{wav,flac,mp3,ogg}`."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.common.sound_files import SUFFIXES, sound_files


@dataclass(frozen=True)
class Source:
    """One audio file of a corpus, with what tells whether it has changed since it was last seen.

    Attributes:
        file: path relative to the corpus, with forward slashes.
        bytes: size of the file (0 where it cannot be examined; reading it then says why).
        mtime_ns: time of last modification, nanoseconds.
        refusal: why the file cannot be taken however good its audio is, else None.
    """

    file: str
    bytes: int
    mtime_ns: int
    refusal: str | None = None

    @property
    def speaker(self) -> str:
        """Name of the folder directly below the corpus."""
        return self.file.split("/")[0]

    @property
    def id(self) -> str:
        """Relative path without the suffix."""
        return os.path.splitext(self.file)[0]


def scan(corpus: Path) -> list[Source]:
    """Audio files below `corpus`, sorted by id; hidden files left out, symbolic links followed.

    Files that lie outside any speaker folder and files whose id is taken (`a.wav` beside `a.flac`) come with a
    `refusal`.

    Raises:
        TfvcError: `corpus` is no readable folder, has no speaker folders, or has no audio in them.
    """
    if not corpus.is_dir():
        raise TfvcError(f"{corpus} is not a folder; expected a corpus of the form CORPUS/<speaker>/*.wav")
    below = (file.relative_to(corpus).as_posix() for file in sound_files(corpus))
    files = sorted(below, key=lambda file: (os.path.splitext(file)[0], file))
    if not any("/" in file for file in files):
        where = "not directly in it" if files else "none was found"
        raise TfvcError(
            f"{corpus} has no audio in speaker folders ({where}); "
            f"expected CORPUS/<speaker>/**/*.{{{','.join(suffix[1:] for suffix in SUFFIXES)}}}"
        )
    sources: list[Source] = []
    taken: dict[str, str] = {}
    for file in files:
        source = _examine(corpus, file)
        if "/" not in file:
            source = replace(source, refusal="lies outside any speaker folder; move it to CORPUS/<speaker>/")
        elif source.id in taken:
            source = replace(source, refusal=f"has the same name as {taken[source.id]}; keep one of them")
        else:
            taken[source.id] = file
        sources.append(source)
    return sources


def _examine(corpus: Path, file: str) -> Source:
    try:
        status = (corpus / file).stat()
    except OSError:
        return Source(file, 0, 0)
    return Source(file, status.st_size, status.st_mtime_ns)
