"""`tfvc import-torch`: a PyTorch checkpoint becomes a preset."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.assignments import override, say_assumptions
from tfvc.cli.console import note, say
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
    _check_options(record, preset, config)
    content = load_torch_file(file)
    state = find_state_dict(content, file, kind.torch_keys.read_from)
    named = None if config is not None else preset or next(iter(kind.config_class.named))
    adopted = _adopted(record, state, content, file, config)
    architecture, spec = (adopted.config, adopted.mel_spec) if named is None else _named(kind, named)
    (architecture,) = override(set or [], architecture)
    inputs = {**inputs_of(kind, named, speaker_encoder), **adopted.inputs}
    network = kind(architecture, spec if mel is None else find_spec(mel), **kind.states_in(adopted.state), **inputs)
    _load(network, adopted.state, file, named=named is not None)
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(adopted.state)} tensors")
    if named is not None:
        say_assumptions(architecture, record.not_in_file, set or [])
    say_inputs(network, assumed=speaker_encoder is None)
    for line in adopted.notes:
        note(line)
    if left_out := [key for key in record.of_training if key in content]:
        say(f"left out: {', '.join(left_out)}; training from here begins with fresh optimizers")


def _check_options(record, preset: str | None, config: Path | None) -> None:
    if config is None:
        return
    if record.upstream_config is None and record.adopt_torch is None:
        raise TfvcError(
            f"--config {config}: {record.name} has no configuration file upstream; name the architecture (--preset)"
        )
    if preset is not None:
        raise TfvcError("--config and --preset both say what the architecture is; give one of them")


def _adopted(record, state, content, file: Path, config: Path | None):
    """The checkpoint in upstream's layout, and what its configuration says."""
    from tfvc.models.adopted import Adopted

    if record.adopt_torch is not None:
        return load_object(record.adopt_torch)(state, content, file, config)
    return Adopted(state, *(() if config is None else load_object(record.upstream_config)(config)))


def _named(kind, name: str):
    """The configuration of a named architecture and the front-end it is used with."""
    from tfvc.audio import named_spec

    config = kind.config_class
    return config.from_name(name), named_spec(config.mels[name]) if name in config.mels else None


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
            load_state_dict(kind.from_name(name, **kind.states_in(state)), state)
        except WeightError:
            continue
        return name
    return None
