"""One recording or a folder of them in, the same out: what `convert` and `vocode` share."""

from collections.abc import Callable, Iterable
from pathlib import Path

from tfvc.cli.console import error, progress, say
from tfvc.common.errors import TfvcError
from tfvc.common.sound_files import SUFFIXES, sound_files


def plan(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """The recordings to take, each with the file to write.

    Raises:
        TfvcError: if there is nothing to take, or `out` is a file where a folder is needed.
    """
    if not source.is_dir():
        is_folder = out.is_dir() or not out.suffix
        return [(source, out / f"{source.stem}.wav" if is_folder else out)]
    if out.is_file():
        raise TfvcError(f"{out}: is a file, and {source} is a folder; --out must be a folder")
    results = [(file, out / file.relative_to(source).with_suffix(".wav")) for file in find_recordings(source)]
    taken: dict[Path, Path] = {}
    for file, result in results:
        if result in taken:
            raise TfvcError(f"{file}: would be written to the same file as {taken[result]}; rename one of them")
        taken[result] = file
    return results


def find_recordings(path: Path) -> list[Path]:
    """The file itself, or all sound files below a folder, sorted. Raises TfvcError if there are none."""
    if not path.is_dir():
        return [path]
    files = sound_files(path)
    if not files:
        raise TfvcError(f"{path}: no sound files in this folder ({', '.join(SUFFIXES)})")
    return files


def keep_recordings(recordings: Iterable[Path], jobs: list[tuple[Path, Path]]) -> None:
    """Refuses jobs that would write over a recording that is read."""
    results = {result.resolve() for _, result in jobs}
    for path in recordings:
        if path.resolve() in results:
            raise TfvcError(f"{path}: would be overwritten by the result; choose another --out")


def run_each(
    jobs: list[tuple[Path, Path]], out: Path, title: str, done: str, work: Callable[[Path, Path], None]
) -> None:
    """Does `work(recording, result)` for every job; a bad recording among several is reported and passed over.

    Args:
        jobs: from `plan`.
        out: where the results are, for the message.
        title, done: the work as a title, "converting", and as a participle, "converted".
        work: reads the first path and writes the second.

    Raises:
        TfvcError: from the work if there is one recording; else, at the end, with the number that failed.
    """
    failed = 0
    with progress(title, len(jobs)) as update:
        for number, (recording, result) in enumerate(jobs, start=1):
            try:
                work(recording, result)
            except TfvcError as problem:
                if len(jobs) == 1:
                    raise
                failed += 1
                error(str(problem))
            else:
                say(f"wrote {result}")
            update(number, "")
    if failed:
        raise TfvcError(f"{failed} of {len(jobs)} files could not be {done}; the others are in {out}")
