"""`tfvc fetch`: weights that others publish, into the user's cache."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli import choices
from tfvc.cli.console import say
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object
from tfvc.models.family import downloads


def fetch(
    what: Annotated[str, typer.Argument(help=choices.published())],
    source: Annotated[
        Path | None, typer.Option("--from", help="What was downloaded elsewhere, for work offline.")
    ] = None,
) -> None:
    """Get weights that are not ours to ship."""
    known = downloads()
    if what not in known:
        raise TfvcError(f"{what}: nothing of that name to fetch; there is: {', '.join(known)}")
    folder, fresh = load_object(known[what])(source)
    say(f"{'wrote' if fresh else 'already there:'} {folder}")
