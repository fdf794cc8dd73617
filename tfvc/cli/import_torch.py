"""`tfvc import-torch`: a PyTorch checkpoint becomes a preset."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.common.errors import TfvcError

# What upstream's HiFi-GAN keeps beside its networks.
_OF_TRAINING = ("optim_g", "optim_d", "steps", "epoch")


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
    from tfvc.models.registry import model_class
    from tfvc.weights import find_state_dict, is_fused, load_state_dict, load_torch_file, maps

    kind = model_class(model)
    content = load_torch_file(file)
    network = _fresh(kind, preset, config)
    state = find_state_dict(content, file, maps.read_from(network))
    if getattr(network.config, "weight_norm", False) and is_fused(state):
        network = kind(dataclasses.replace(network.config, weight_norm=False), network.mel_spec)
    if mel is not None:
        network.mel_spec = MelSpec.find(mel)
    load_state_dict(network, state, str(file))
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(state)} tensors")
    if left_out := [key for key in _OF_TRAINING if key in content]:
        say(f"left out: {', '.join(left_out)}; training from here begins with fresh optimizers")


def _fresh(kind, preset: str | None, config: Path | None):
    """The model that the checkpoint goes into, with fresh weights."""
    if config is None:
        return kind.from_name(preset or next(iter(kind.config_class.named)))
    from tfvc.models.hifigan import HiFiGANDiscriminator, HiFiGANDiscriminatorConfig, HiFiGANGenerator
    from tfvc.models.hifigan.upstream import read_upstream_config

    if kind not in (HiFiGANGenerator, HiFiGANDiscriminator):
        raise TfvcError(f"--config {config}: only hifigan has a config.json upstream; name the architecture (--preset)")
    if preset is not None:
        raise TfvcError("--config and --preset both say what the architecture is; give one of them")
    generator, mel_spec = read_upstream_config(config)
    # Upstream's discriminators are always the same; their front-end is the generator's.
    return kind(generator if kind is HiFiGANGenerator else HiFiGANDiscriminatorConfig(), mel_spec)
