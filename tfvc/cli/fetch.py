"""`tfvc fetch`: weights that others publish, into the user's cache."""

from pathlib import Path
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.common.errors import TfvcError


def fetch(
    what: Annotated[str, typer.Argument(help="ge2e, the speaker encoder.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="The Resemblyzer wheel or its pretrained.pt, for work offline.")
    ] = None,
) -> None:
    """Get weights that are not ours to ship."""
    from tfvc.models.speaker_encoder.published import fetch_ge2e

    if what != "ge2e":
        raise TfvcError(f"{what}: nothing of that name to fetch; there is: ge2e")
    folder, fresh = fetch_ge2e(source)
    say(f"{'wrote' if fresh else 'already there:'} {folder}")
