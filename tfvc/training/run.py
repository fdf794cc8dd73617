"""A folder in which a model is trained: its settings, and whether it may be begun or continued."""

import json
from pathlib import Path
from typing import Any

from tfvc.common.atomic import atomic_file
from tfvc.common.errors import TfvcError


def open_run(folder: Path, settings: dict[str, Any], resume: bool) -> None:
    """Begins a run in `folder`, or checks that the one in it is the one to continue.

    Args:
        folder: of the run; its settings are kept in `run.json`.
        settings: all that the result depends on; JSON values.
        resume: continue what is there (or begin, if nothing is).

    Raises:
        TfvcError: if there is a run and it is not to be continued, or it has other settings (naming one).
    """
    path = folder / "run.json"
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise TfvcError(f"{folder}: exists and is not a training run; choose another --out")
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(settings, indent=2) + "\n")
        return
    if not resume:
        raise TfvcError(f"{folder}: holds a run already; add --resume to continue it, or choose another --out")
    try:
        present = json.loads(path.read_text())
    except ValueError:
        raise TfvcError(f"{path}: damaged; begin anew in another --out") from None
    wanted = json.loads(json.dumps(settings))
    for name in sorted(present.keys() | wanted.keys()):
        if present.get(name) != wanted.get(name):
            raise TfvcError(
                f"{folder}: was begun with {name} = {present.get(name)}, not {wanted.get(name)}; "
                "resume with the settings it was begun with"
            )
