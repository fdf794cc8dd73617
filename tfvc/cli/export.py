"""`tfvc export`: a preset in other formats."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say


class Format(StrEnum):
    """What can be written."""

    H5 = "h5"


def export(
    preset: Annotated[str, typer.Argument(metavar="PRESET_DIR", help="Folder or name of a preset.")],
    format: Annotated[Format, typer.Option("--format", help="h5: one .weights.h5 per network.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.")],
) -> None:
    """Write a preset's networks for other programs."""
    from tfvc.export.h5 import export_h5
    from tfvc.models.load import load_preset

    for path in export_h5(load_preset(preset), out):
        say(f"wrote {path}")
