"""`tfvc import-torch`: a PyTorch checkpoint becomes a preset."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.assignments import override, say_assumptions
from tfvc.cli.console import say
from tfvc.cli.inputs import SPEAKER_ENCODER, inputs_of, say_inputs
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object


def import_torch(
    model: Annotated[str, typer.Argument(help=choices.all_networks())],
    file: Annotated[Path, typer.Argument(help=".pt, .pth, .ckpt or .safetensors")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    preset: Annotated[str | None, typer.Option(help=f"Architecture; {choices.torch_presets()}.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE.json",
            help=f"{choices.networks_with_upstream_config()}: upstream's configuration, in place of --preset.",
        ),
    ] = None,
    set: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the model.")] = None,
    mel: Annotated[
        str | None, typer.Option(help="Mel spec the checkpoint was trained on; default: the architecture's.")
    ] = None,
    speaker_encoder: Annotated[str | None, SPEAKER_ENCODER] = None,
) -> None:
    """Bring a PyTorch checkpoint over."""
    from tfvc.audio import find_spec
    from tfvc.models.family import find_network
    from tfvc.weights import find_state_dict, load_torch_file

    record = find_network(model)
    kind = record.model_class
    content = load_torch_file(file)
    architecture, spec = _architecture(record, preset, config)
    (architecture,) = override(set or [], architecture)
    state = find_state_dict(content, file, kind.torch_keys.read_from)
    inputs = inputs_of(kind, _preset(kind, preset) if config is None else None, speaker_encoder)
    network = kind(architecture, spec if mel is None else find_spec(mel), **_states(kind, state), **inputs)
    _load(network, state, file, named=config is None)
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(state)} tensors")
    if config is None:
        say_assumptions(architecture, record.not_in_file, set or [])
    say_inputs(network, assumed=speaker_encoder is None)
    if left_out := [key for key in record.of_training if key in content]:
        say(f"left out: {', '.join(left_out)}; training from here begins with fresh optimizers")


def _architecture(record, preset: str | None, config: Path | None):
    """The configuration of the network that the checkpoint goes into, and its mel spec."""
    from tfvc.audio import named_spec

    kind = record.config_class
    if config is None:
        preset = _preset(record.model_class, preset)
        return kind.from_name(preset), named_spec(kind.mels[preset]) if preset in kind.mels else None
    if record.upstream_config is None:
        raise TfvcError(
            f"--config {config}: {record.name} has no configuration file upstream; name the architecture (--preset)"
        )
    if preset is not None:
        raise TfvcError("--config and --preset both say what the architecture is; give one of them")
    return load_object(record.upstream_config)(config)


def _preset(kind, named: str | None) -> str:
    return named or next(iter(kind.config_class.named))


def _states(kind, state) -> dict[str, bool]:
    from tfvc.weights import is_fused

    return {"fused": is_fused(state)} if "fused" in kind.states else {}


def _load(network, state, file: Path, named: bool) -> None:
    """The weights into the network; where they do not fit a named architecture, the error tells one that they fit."""
    from tfvc.weights import WeightError, load_state_dict

    try:
        load_state_dict(network, state, str(file))
    except WeightError as problem:
        fitting = _fitting_preset(type(network), state) if named else None
        if fitting is None:
            raise
        raise WeightError(f"{problem}; the file fits another architecture: --preset {fitting}") from None


def _fitting_preset(kind, state) -> str | None:
    from tfvc.weights import WeightError, load_state_dict

    for name in kind.config_class.named:
        try:
            load_state_dict(kind.from_name(name, **_states(kind, state)), state)
        except WeightError:
            continue
        return name
    return None
