"""`tfvc convert`."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.console import note
from tfvc.cli.recordings import find_recordings, keep_recordings, plan, run_each
from tfvc.common import defaults
from tfvc.common.errors import TfvcError


def convert(
    source: Annotated[Path, typer.Argument(help="What is said: a sound file, or a folder (its tree is kept).")],
    target: Annotated[
        list[Path] | None, typer.Argument(help="Who shall say it: sound files or folders, averaged; or --to.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE_OR_DIR", help="A .wav or .flac; a folder if SOURCE is one.")
    ] = ...,
    model: Annotated[str, typer.Option(help="Preset of the voice.")] = "autovc_small",
    to: Annotated[
        str | None, typer.Option("--to", metavar="SPEAKER", help="Who shall say it, where the voice knows names.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="SPEAKER", help="Who says it in SOURCE, where the voice knows names."),
    ] = None,
    vocoder: Annotated[
        str | None,
        typer.Option(
            help=f"griffin-lim, or a preset of {choices.vocoders()} with the model's mel spec.",
            show_default=defaults.VOCODER,
        ),
    ] = None,
    speaker_encoder: Annotated[
        str | None,
        typer.Option(metavar="PRESET", help="The encoder of the model's training. Default: the one that it names."),
    ] = None,
) -> None:
    """Speak SOURCE in the voice of TARGET."""
    from tfvc.audio import Recording, write
    from tfvc.voices.load import load_voice

    if bool(target) == (to is not None):
        raise TfvcError(
            "name who shall say it: either recordings (TARGET...) or a speaker of the voice (--to), one of both"
        )
    jobs = plan(source, out)
    targets = [file for path in target or [] for file in find_recordings(path)]
    keep_recordings([*targets, *(recording for recording, _ in jobs)], jobs)
    voice = load_voice(model, vocoder, speaker_encoder)
    for line in voice.notes:
        note(line)
    speaker = voice.targets([Recording.read(file) for file in targets] if to is None else to)
    options = {} if from_ is None else {"said_by": _speaker_of_source(voice, from_)}

    def work(recording: Path, result: Path) -> None:
        spoken = voice.convert(Recording.read(recording), speaker, **options)
        write(result, spoken.wave, spoken.sample_rate)

    run_each(jobs, out, "converting", "converted", work)


def _speaker_of_source(voice, name: str):
    """Who says it. Raises TfvcError for a voice that need not be told, or that has no such speaker."""
    from tfvc.voices.voice import VoiceOfSpeakers

    if not isinstance(voice, VoiceOfSpeakers):
        raise TfvcError(f"--from {name}: the voice hears by itself who speaks in a recording; leave it out")
    return voice.targets(name)
