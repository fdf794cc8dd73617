"""`tfvc export-torch`: a preset becomes a PyTorch checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say


def export_torch(
    preset: Annotated[str, typer.Argument(metavar="PRESET_DIR", help="Folder or name of a preset.")],
    out: Annotated[
        Path, typer.Option("--out", help="The file; .safetensors needs no torch, anything else is torch's format.")
    ],
) -> None:
    """Write weights that upstream's own PyTorch code loads."""
    from tfvc.models.load import load_preset
    from tfvc.weights import state_dict, write_torch_file

    model = load_preset(preset)
    state = state_dict(model)
    write_torch_file(out, state, model.torch_keys.written_under)
    say(f"wrote {out}: {len(state)} tensors")
