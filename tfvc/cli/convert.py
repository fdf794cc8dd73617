"""`tfvc convert`."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.console import note
from tfvc.cli.recordings import find_recordings, keep_recordings, plan, run_each
from tfvc.common import defaults


def convert(
    source: Annotated[Path, typer.Argument(help="What is said: a sound file, or a folder (its tree is kept).")],
    target: Annotated[list[Path], typer.Argument(help="Who shall say it: sound files or folders, averaged.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE_OR_DIR", help="A .wav or .flac; a folder if SOURCE is one.")
    ],
    model: Annotated[str, typer.Option(help="Preset of the voice.")] = "autovc_small",
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

    jobs = plan(source, out)
    targets = [file for path in target for file in find_recordings(path)]
    keep_recordings([*targets, *(recording for recording, _ in jobs)], jobs)
    voice = load_voice(model, vocoder, speaker_encoder)
    for line in voice.notes:
        note(line)
    speaker = voice.targets([Recording.read(file) for file in targets])

    def work(recording: Path, result: Path) -> None:
        spoken = voice.convert(Recording.read(recording), speaker)
        write(result, spoken.wave, spoken.sample_rate)

    run_each(jobs, out, "converting", "converted", work)
