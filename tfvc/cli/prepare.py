"""`tfvc prepare`: recordings to features."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import progress, say
from tfvc.common.defaults import SPEAKER_ENCODER

NO_SPEAKER_ENCODER = "none"


def prepare(
    corpus: Annotated[Path, typer.Argument(help="CORPUS/<speaker>/**/*.{wav,flac,mp3,ogg}")],
    out: Annotated[Path, typer.Argument(help="Folder of the feature set; an interrupted run goes on in it.")],
    mel: Annotated[str, typer.Option(help="Name of the mel spec, or a mel.json.")] = "hifigan_22k",
    speaker_encoder: Annotated[
        str,
        typer.Option(
            metavar="PRESET",
            help=f"Whose speaker embeddings the set has; {NO_SPEAKER_ENCODER} leaves them out, vocoders need none.",
        ),
    ] = SPEAKER_ENCODER,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Turn a corpus into the features that training reads."""
    from tfvc.audio import find_spec
    from tfvc.data import prepare as run
    from tfvc.training.embedding import embedder

    spec = find_spec(mel)
    encoder = None if speaker_encoder == NO_SPEAKER_ENCODER else embedder(speaker_encoder)
    with progress("preparing") as update:
        summary = run(corpus, out, spec, encoder, jobs, progress=lambda done, total: update(done, total=total))
    if summary.up_to_date:
        say(f"{out}: up to date, nothing to do")
    say(
        f"{out}: {summary.utterances} utterances of {summary.speakers} speakers, {summary.seconds / 60:.1f} minutes; "
        f"{summary.computed} files read in this run"
    )
    if summary.errors:
        say(f"{summary.errors} files could not be taken; reasons in {out / 'errors.jsonl'}")
