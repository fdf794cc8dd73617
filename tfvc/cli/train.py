"""`tfvc train`."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.assignments import override
from tfvc.cli.console import progress, say
from tfvc.common.errors import TfvcError

# Model -> where its run is described; imported when it is asked for.
_TRAININGS = {
    "autovc": ("tfvc.training.autovc", "AutoVCTraining"),
    "melgan": ("tfvc.training.melgan", "MelGANTraining"),
    "hifigan": ("tfvc.training.hifigan", "HiFiGANTraining"),
}


def train(
    model: Annotated[str, typer.Argument(help=", ".join(_TRAININGS))],
    data: Annotated[Path, typer.Argument(help="What `tfvc prepare` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the run.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Architecture. autovc: official, article, small (default); melgan: descript, keras_io, small "
            "(default); hifigan: v1 (default), v2, v3. Or, for the vocoders, trained weights to go on from: the preset "
            "of a generator, or the folder of a run, which has the discriminator too."
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
    if model not in _TRAININGS:
        raise TfvcError(f"{model}: no such model to train; choose one of {', '.join(_TRAININGS)}")
    from tfvc.data import FeatureSet

    module, name = _TRAININGS[model]
    training = getattr(importlib.import_module(module), name)
    preset = preset or training.default_preset
    network, settings = override(set or [], *training.defaults(preset, FeatureSet(data).spec))
    start = training.find_start(preset)
    job = training(data, out, network, settings, steps, batch_size, seed, mixed_precision, start)
    with progress("training", steps) as update:
        finished = job.run(resume, report=update)
    say(f"wrote {finished}")
