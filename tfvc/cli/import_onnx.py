"""`tfvc import-onnx`: the weights in an ONNX file become a preset; its graph is never run."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.console import note, say
from tfvc.cli.inputs import say_inputs
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object


def import_onnx(
    model: Annotated[str, typer.Argument(help=choices.onnx_networks())],
    file: Annotated[Path, typer.Argument(help=".onnx")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the preset to write.")],
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE.json", help="What lies beside it. Default: the file's name with .json."),
    ] = None,
) -> None:
    """Bring the weights in an ONNX file over."""
    from tfvc.models.family import find_network
    from tfvc.weights import load_state_dict

    known = choices.network_list(lambda network: network.adopt_onnx)
    if model not in known:
        raise TfvcError(f"{model}: no such model is read from ONNX; choose one of {', '.join(known) or 'none'}")
    record = find_network(model)
    adopted = load_object(record.adopt_onnx)(file, config or file.with_name(f"{file.name}.json"))
    kind = record.model_class
    network = kind(adopted.config, adopted.mel_spec, **kind.states_in(adopted.state), **adopted.inputs)
    load_state_dict(network, adopted.state, str(file))
    network.save_to_preset(out, training={"imported_from": file.name})
    say(f"wrote {out}: {len(adopted.state)} tensors")
    say_inputs(network, assumed=False)
    for line in adopted.notes:
        note(line)
