"""`tfvc import-h5`: weight files of Keras 2 become a preset."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.assignments import override, say_assumptions
from tfvc.cli.console import say
from tfvc.cli.inputs import SPEAKER_ENCODER, inputs_of, say_inputs
from tfvc.common.errors import TfvcError


def import_h5(
    model: Annotated[str, typer.Argument(help=choices.keras2_networks())],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="What save_weights wrote: one file a network, in any order.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    preset: Annotated[str | None, typer.Option(help=f"Architecture; {choices.keras2_presets()}.")] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any field of the model."),
    ] = None,
    mel: Annotated[
        str | None, typer.Option(help="Mel spec the model was trained on; default: the architecture's.")
    ] = None,
    speaker_encoder: Annotated[str | None, SPEAKER_ENCODER] = None,
) -> None:
    """Bring weights over that Keras 2 saved as h5."""
    from tfvc.audio import find_spec
    from tfvc.models.family import find_network
    from tfvc.weights.keras2 import load_keras2_files

    known = choices.network_list(lambda network: network.keras2_preset)
    if model not in known:
        raise TfvcError(f"{model}: no such model has Keras 2 files; choose one of {', '.join(known)}")
    record = find_network(model)
    kind = record.model_class
    architecture = preset or record.keras2_preset
    (config,) = override(set or [], kind.config_class.from_name(architecture))
    inputs = inputs_of(kind, architecture, speaker_encoder)
    network = kind(config, find_spec(mel or kind.config_class.mels[architecture]), **inputs)
    arrays = load_keras2_files(network, files)
    network.save_to_preset(out, training={"imported_from": [file.name for file in files]})
    say(f"wrote {out}: {arrays} arrays")
    say_assumptions(config, record.not_in_file, set or [])
    say_inputs(network, assumed=speaker_encoder is None)
