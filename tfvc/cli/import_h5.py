"""`tfvc import-h5`: weight files of Keras 2 become a preset."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.assignments import override
from tfvc.cli.console import say
from tfvc.common.errors import TfvcError

# Model -> the architecture that was saved, unless another is named.
_ARCHITECTURES = {"autovc": "article", "melgan": "keras_io", "melgan_discriminator": "keras_io"}


def import_h5(
    model: Annotated[str, typer.Argument(help=", ".join(_ARCHITECTURES))],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="What save_weights wrote; autovc: of the encoder, the decoder and the postnet, in any order.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="Architecture; autovc: article (default), official, small; melgan, melgan_discriminator: keras_io."
        ),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any field of the model, such as neck=44; freq is in no file."),
    ] = None,
    mel: Annotated[
        str | None, typer.Option(help="Mel spec the model was trained on; default: the architecture's.")
    ] = None,
) -> None:
    """Bring weights over that Keras 2 saved as h5."""
    from tfvc.audio import MelSpec
    from tfvc.models.family import find_network
    from tfvc.weights.keras2 import load_keras2_files

    if model not in _ARCHITECTURES:
        raise TfvcError(f"{model}: no such model has Keras 2 files; choose one of {', '.join(_ARCHITECTURES)}")
    record = find_network(model)
    kind = record.model_class
    architecture = preset or _ARCHITECTURES[model]
    (config,) = override(set or [], kind.config_class.from_name(architecture))
    network = kind(config, MelSpec.find(mel or kind.config_class.mels[architecture]))
    arrays = load_keras2_files(network, files)
    network.save_to_preset(out, training={"imported_from": [file.name for file in files]})
    say(f"wrote {out}: {arrays} arrays")
