"""`tfvc train`."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.assignments import override
from tfvc.cli.console import progress, say
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object


def train(
    model: Annotated[str, typer.Argument(help=choices.trainings())],
    data: Annotated[Path, typer.Argument(help="What `tfvc prepare` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the run.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"Architecture. {choices.trained_presets()}. Or, for a vocoder, trained weights to go on from: the "
            "preset of a generator, or the folder of a run, which has the discriminator too."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Gradient steps in all.")] = 100_000,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops per step.")] = 16,
    seed: Annotated[int, typer.Option(help="Of weights, order and crops.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    mixed_precision: Annotated[bool, typer.Option("--mixed-precision", help="Compute in half precision.")] = False,
    set: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the model or of the training.")
    ] = None,
) -> None:
    """Train a model on prepared features."""
    known = choices.trained_families()
    if model not in known:
        raise TfvcError(f"{model}: no such model to train; choose one of {', '.join(known)}")
    from tfvc.data import FeatureSet

    training = load_object(known[model].training)
    preset = preset or known[model].default_preset
    network, settings = override(set or [], *training.defaults(preset, FeatureSet(data).spec))
    start = training.find_start(preset)
    job = training(data, out, network, settings, steps, batch_size, seed, mixed_precision, start)
    with progress("training", steps) as update:
        finished = job.run(resume, report=update)
    say(f"wrote {finished}")
