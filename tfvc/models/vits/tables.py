"""What a VITS carries beside its weights: the table of its symbols and the names of its speakers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object

TABLES = {
    "symbols": "a table of symbols",
    "speakers": "names of speakers with their ids",
    "speaking": "scales of noise",
}

# What upstream's notebook speaks with, for voices that do not say.
SCALES = {"noise_scale": 0.667, "duration_noise_scale": 0.8, "length_scale": 1.0}


def read_tables(folder: Path) -> dict[str, Any]:
    """`symbols.json`, `speakers.json` and `speaking.json` of a preset, None for one that is not there.

    Raises:
        TfvcError: if a file is damaged.
    """
    paths = {name: (folder / f"{name}.json", what) for name, what in TABLES.items()}
    return {name: read_object(path, what) if path.exists() else None for name, (path, what) in paths.items()}


def check_scales(scales: Mapping[str, Any], where: str) -> None:
    """Refuses what a voice cannot be spoken with.

    Raises:
        TfvcError: naming a scale that is none of `SCALES`, no number from 0 to 100, or a length of 0.
    """
    for name, value in scales.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
        if name not in SCALES or not number or (name == "length_scale" and value == 0):
            raise TfvcError(f"{where} has {name!r} = {value!r}; expected {', '.join(SCALES)}, numbers up to 100")
