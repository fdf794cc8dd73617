"""`tfvc vocode`: copy-synthesis, to hear what a vocoder alone does to a voice."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.recordings import keep_recordings, plan, run_each
from tfvc.common import defaults

# Griffin-Lim takes any mels; these are what models are trained on here unless they are told otherwise.
_MELS = "hifigan_22k"


def vocode(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A sound file, or a folder (its tree is kept).")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE_OR_DIR", help="A .wav or .flac; a folder if IN is one.")],
    vocoder: Annotated[str, typer.Option(help=f"griffin-lim, or a preset of {choices.vocoders()}.")] = defaults.VOCODER,
) -> None:
    """Take the mel of a recording and speak it again."""
    from tfvc.audio import MelSpec, Recording, write
    from tfvc.voices.vocoders import load_vocoder, speak

    jobs = plan(source, out)
    keep_recordings([recording for recording, _ in jobs], jobs)
    speaker = load_vocoder(vocoder, MelSpec.named(_MELS))
    spec = speaker.mel_spec

    def work(path: Path, result: Path) -> None:
        recording = Recording.read(path)
        wave = speak(speaker, recording.mel(spec), len(recording.at(spec.sample_rate)))
        write(result, wave, spec.sample_rate)

    run_each(jobs, out, "vocoding", "vocoded", work)
