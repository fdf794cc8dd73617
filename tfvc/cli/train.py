"""`tfvc train`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tfvc.cli.console import progress, say
from tfvc.errors import TfvcError


def train(
    model: Annotated[str, typer.Argument(help="autovc")],
    data: Annotated[Path, typer.Argument(help="What `tfvc prepare` wrote.")],
    out: Annotated[Path, typer.Option("--out", metavar="RUN", help="Folder of the run.")],
    preset: Annotated[str, typer.Option(help="Architecture: official, article, small.")] = "small",
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
    from tfvc.data import FeatureSet
    from tfvc.models.autovc import AutoVCConfig, mel_scaling
    from tfvc.training.autovc import AutoVCTraining
    from tfvc.training.config import TrainingConfig

    if model != "autovc":
        raise TfvcError(f"{model}: no such model to train; there is: autovc")
    # The mels decide their scaling, unless it is set by hand.
    architecture = dataclasses.replace(AutoVCConfig.from_name(preset), **mel_scaling(FeatureSet(data).spec))
    network, settings = override(set or [], architecture, TrainingConfig())
    job = AutoVCTraining(data, out, network, settings, steps, batch_size, seed, mixed_precision)
    with progress("training", steps) as update:
        finished = job.run(resume, report=update)
    say(f"wrote {finished}")


def override(assignments: list[str], *configs):
    """Applies `key=value` to whichever of the configurations has that field.

    Raises:
        TfvcError: for an unknown key, listing the known ones, or a value of another type.
    """
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        owner = next((i for i, config in enumerate(configs) if key in config.to_dict()), None)
        if not equals or owner is None:
            known = ", ".join(name for config in configs for name in config.to_dict())
            raise TfvcError(f"--set {assignment}: expected KEY=VALUE with one of the keys {known}")
        config = configs[owner]
        values = config.to_dict() | {key: _parse(text)}
        changed = type(config).from_dict(values, f"--set {assignment}")
        configs = (*configs[:owner], changed, *configs[owner + 1 :])
    return configs


def _parse(text: str) -> Any:
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text
