"""`tfvc import-torch`: a PyTorch checkpoint becomes a preset."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say


def import_torch(
    model: Annotated[str, typer.Argument(help="autovc, speaker_encoder, melgan or melgan_discriminator.")],
    file: Annotated[Path, typer.Argument(help=".pt, .pth, .ckpt or .safetensors")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Architecture; autovc: official (default), article, small; speaker_encoder: ge2e, dvector; "
            "melgan, melgan_discriminator: descript, keras_io, small."
        ),
    ] = None,
    mel: Annotated[
        str | None, typer.Option(help="Mel spec the checkpoint was trained on; default: the architecture's.")
    ] = None,
) -> None:
    """Bring a PyTorch checkpoint over."""
    from tfvc.audio import MelSpec
    from tfvc.models.registry import model_class
    from tfvc.weights import is_fused, load_state_dict, read_torch_file

    kind = model_class(model)
    state = read_torch_file(file)
    network = kind.from_name(preset or next(iter(kind.config_class.named)))
    if getattr(network.config, "weight_norm", False) and is_fused(state):
        network = kind(dataclasses.replace(network.config, weight_norm=False), network.mel_spec)
    if mel is not None:
        network.mel_spec = MelSpec.load(mel) if mel.endswith(".json") else MelSpec.named(mel)
    load_state_dict(network, state, str(file))
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(state)} tensors")
