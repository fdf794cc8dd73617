"""`tfvc import-torch`: a PyTorch checkpoint becomes a preset."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object


def import_torch(
    model: Annotated[
        str,
        typer.Argument(help="autovc, speaker_encoder, melgan, melgan_discriminator, hifigan or hifigan_discriminator."),
    ],
    file: Annotated[Path, typer.Argument(help=".pt, .pth, .ckpt or .safetensors")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Architecture; autovc: official (default), article, small; speaker_encoder: ge2e, dvector; "
            "melgan, melgan_discriminator: descript, keras_io, small; hifigan: v1, v2, v3; "
            "hifigan_discriminator: published."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE.json",
            help="hifigan, hifigan_discriminator: upstream's config.json, in place of --preset.",
        ),
    ] = None,
    mel: Annotated[
        str | None, typer.Option(help="Mel spec the checkpoint was trained on; default: the architecture's.")
    ] = None,
) -> None:
    """Bring a PyTorch checkpoint over."""
    from tfvc.audio import MelSpec
    from tfvc.models.family import find_network
    from tfvc.weights import find_state_dict, is_fused, load_state_dict, load_torch_file

    record = find_network(model)
    kind = record.model_class
    content = load_torch_file(file)
    network = _fresh(record, preset, config)
    state = find_state_dict(content, file, network.torch_keys.read_from)
    if getattr(network.config, "weight_norm", False) and is_fused(state):
        network = kind(dataclasses.replace(network.config, weight_norm=False), network.mel_spec)
    if mel is not None:
        network.mel_spec = MelSpec.find(mel)
    load_state_dict(network, state, str(file))
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(state)} tensors")
    if left_out := [key for key in record.of_training if key in content]:
        say(f"left out: {', '.join(left_out)}; training from here begins with fresh optimizers")


def _fresh(record, preset: str | None, config: Path | None):
    """The model that the checkpoint goes into, with fresh weights."""
    kind = record.model_class
    if config is None:
        return kind.from_name(preset or next(iter(kind.config_class.named)))
    if record.upstream_config is None:
        raise TfvcError(
            f"--config {config}: {record.name} has no configuration file upstream; name the architecture (--preset)"
        )
    if preset is not None:
        raise TfvcError("--config and --preset both say what the architecture is; give one of them")
    return kind(*load_object(record.upstream_config)(config))
