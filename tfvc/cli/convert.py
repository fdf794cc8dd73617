"""`tfvc convert`."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import error, progress, say
from tfvc.errors import TfvcError

_SUFFIXES = {".wav", ".flac", ".mp3", ".ogg"}


def convert(
    source: Annotated[Path, typer.Argument(help="What is said: a sound file, or a folder (its tree is kept).")],
    target: Annotated[list[Path], typer.Argument(help="Who shall say it: sound files or folders, averaged.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE_OR_DIR", help="A .wav or .flac; a folder if SOURCE is one.")
    ],
    model: Annotated[str, typer.Option(help="Preset of the AutoVC.")] = "autovc_small",
    vocoder: Annotated[str, typer.Option(help="griffin-lim.")] = "griffin-lim",
) -> None:
    """Speak SOURCE in the voice of TARGET."""
    from tfvc.audio import write
    from tfvc.converter import VoiceConverter

    jobs = plan(source, out)
    targets = [file for path in target for file in sound_files(path)]
    for path in [*targets, *(job[0] for job in jobs)]:
        if any(path.resolve() == result.resolve() for _, result in jobs):
            raise TfvcError(f"{path}: would be overwritten by the result; choose another --out")
    converter = VoiceConverter.from_preset(model, vocoder)
    voice = converter.embed(targets)

    failed = 0
    with progress("converting", len(jobs)) as update:
        for done, (recording, result) in enumerate(jobs, start=1):
            try:
                spoken = converter.convert_to(recording, voice)
                write(result, spoken.wave, spoken.sample_rate)
            except TfvcError as problem:
                if len(jobs) == 1:
                    raise
                failed += 1
                error(str(problem))
            else:
                say(f"wrote {result}")
            update(done, "")
    if failed:
        raise TfvcError(f"{failed} of {len(jobs)} files could not be converted; the others are in {out}")


def plan(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """The recordings to convert, each with the file to write.

    Raises:
        TfvcError: if there is nothing to convert, or `out` is a file where a folder is needed.
    """
    if not source.is_dir():
        is_folder = out.is_dir() or not out.suffix
        return [(source, out / f"{source.stem}.wav" if is_folder else out)]
    if out.is_file():
        raise TfvcError(f"{out}: is a file, and {source} is a folder; --out must be a folder")
    results = [(file, out / file.relative_to(source).with_suffix(".wav")) for file in sound_files(source)]
    taken: dict[Path, Path] = {}
    for file, result in results:
        if result in taken:
            raise TfvcError(f"{file}: would be written to the same file as {taken[result]}; rename one of them")
        taken[result] = file
    return results


def sound_files(path: Path) -> list[Path]:
    """The file itself, or all sound files below a folder, sorted."""
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
    if not files:
        raise TfvcError(f"{path}: no sound files in this folder ({', '.join(sorted(_SUFFIXES))})")
    return files
