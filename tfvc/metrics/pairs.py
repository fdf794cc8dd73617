"""Which recording is measured against which: two files, two folders, or the lines of a CSV file."""

import csv
from dataclasses import dataclass
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.common.sound_files import SUFFIXES, sound_files, stem_below

_COLUMNS = ("reference", "hypothesis", "source")


@dataclass(frozen=True)
class Pair:
    """A reference, what is measured against it, and what that was converted from, if that is known."""

    reference: Path
    hypothesis: Path
    source: Path | None = None

    def to_dict(self) -> dict[str, str]:
        """The paths that there are, by their column."""
        return {column: str(path) for column in _COLUMNS if (path := getattr(self, column)) is not None}


def pair_paths(reference: Path, hypothesis: Path) -> list[Pair]:
    """Two files are a pair; of two folders, those files whose paths below them are equal but for the suffix.

    Raises:
        TfvcError: if one is a file and the other a folder, one is not there, a hypothesis has no reference, or two
            files of a folder differ in the suffix only.
    """
    for path in (reference, hypothesis):
        if not path.exists():
            raise TfvcError(f"{path}: no such file or folder")
    if reference.is_dir() != hypothesis.is_dir():
        raise TfvcError(f"{reference} and {hypothesis}: give two files or two folders")
    if not reference.is_dir():
        return [Pair(reference, hypothesis)]
    references, hypotheses = _by_stem(reference), _by_stem(hypothesis)
    if not hypotheses:
        raise TfvcError(f"{hypothesis}: no sound files in this folder ({', '.join(SUFFIXES)})")
    if missing := hypotheses.keys() - references.keys():
        raise TfvcError(
            f"{hypotheses[min(missing)]}: has no reference {min(missing)!r} in {reference}; name both alike, or list "
            "the pairs in a file for --pairs"
        )
    return [Pair(references[name], hypotheses[name]) for name in hypotheses]


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a CSV file with the columns reference, hypothesis and, if wanted, source.

    Paths are relative to the file's own folder.

    Raises:
        TfvcError: naming the file, the line and what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise TfvcError(f"{path}: cannot be read as a CSV file ({problem})") from None
    if not {"reference", "hypothesis"} <= set(columns) <= set(_COLUMNS):
        raise TfvcError(
            f"{path}: the columns are {', '.join(map(str, columns)) or 'missing'}; the first line must be "
            "reference,hypothesis or reference,hypothesis,source"
        )
    pairs = []
    for line, row in rows:
        if None in row or not row["reference"] or not row["hypothesis"]:
            raise TfvcError(f"{path}: line {line} has not a value for each of {', '.join(columns)}")
        named = [path.parent / row[column] if row.get(column) else None for column in _COLUMNS]
        pairs.append(Pair(*named))
    if not pairs:
        raise TfvcError(f"{path}: has no pairs below its first line")
    return pairs


def _by_stem(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sound_files(folder):
        stem = stem_below(file, folder)
        if stem in found:
            raise TfvcError(f"{file}: has the same name as {found[stem]}; keep one of them")
        found[stem] = file
    return found
