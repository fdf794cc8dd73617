"""`tfvc convert`."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.recordings import find_recordings, keep_recordings, plan, run_each
from tfvc.common import defaults


def convert(
    source: Annotated[Path, typer.Argument(help="What is said: a sound file, or a folder (its tree is kept).")],
    target: Annotated[list[Path], typer.Argument(help="Who shall say it: sound files or folders, averaged.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE_OR_DIR", help="A .wav or .flac; a folder if SOURCE is one.")
    ],
    model: Annotated[str, typer.Option(help="Preset of the AutoVC.")] = "autovc_small",
    vocoder: Annotated[
        str, typer.Option(help="griffin-lim, or a MelGAN or HiFi-GAN preset with the model's mel spec.")
    ] = defaults.VOCODER,
) -> None:
    """Speak SOURCE in the voice of TARGET."""
    from tfvc.audio import write
    from tfvc.voices.converter import VoiceConverter

    jobs = plan(source, out)
    targets = [file for path in target for file in find_recordings(path)]
    keep_recordings([*targets, *(recording for recording, _ in jobs)], jobs)
    converter = VoiceConverter.from_preset(model, vocoder)
    voice = converter.embed(targets)

    def work(recording: Path, result: Path) -> None:
        spoken = converter.convert_to(recording, voice)
        write(result, spoken.wave, spoken.sample_rate)

    run_each(jobs, out, "converting", "converted", work)
