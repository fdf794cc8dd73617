"""What a VITS carries beside its weights: the table of its symbols and the names of its speakers."""

from pathlib import Path
from typing import Any

from tfvc.common.json_file import read_object

TABLES = {
    "symbols": "a table of symbols",
    "speakers": "names of speakers with their ids",
    "speaking": "scales of noise",
}


def read_tables(folder: Path) -> dict[str, Any]:
    """`symbols.json`, `speakers.json` and `speaking.json` of a preset, None for one that is not there.

    Raises:
        TfvcError: if a file is damaged.
    """
    paths = {name: (folder / f"{name}.json", what) for name, what in TABLES.items()}
    return {name: read_object(path, what) if path.exists() else None for name, (path, what) in paths.items()}
