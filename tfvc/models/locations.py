"""Where presets are looked for."""

import os
from collections.abc import Iterator
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.models.family import downloads

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_presets() -> Path:
    """The folder of the presets that come with tfvc: inside it where it is installed, beside it in its repository."""
    inside = _PACKAGE / "checkpoints"
    return inside if inside.is_dir() else _PACKAGE.parent / "checkpoints"


def cache_dir() -> Path:
    """The user's cache: `$XDG_CACHE_HOME/tfvc`, else `~/.cache/tfvc`.

    Raises:
        TfvcError: if the user has no home folder.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfvc"
    except RuntimeError:  # a number that no user has, as containers are run under
        raise TfvcError("this user has no home folder to keep presets in; set XDG_CACHE_HOME to a folder") from None


def preset_folders() -> Iterator[Path]:
    """Folders of presets, in the order they are searched: `$TFVC_CHECKPOINTS`, the bundled ones, the user's cache."""
    if named := os.environ.get("TFVC_CHECKPOINTS"):
        yield Path(named)
    yield bundled_presets()
    yield cache_dir()


def find_preset(name_or_path: str | os.PathLike) -> Path:
    """The folder of a preset given by path or by name.

    Raises:
        TfvcError: if there is none, listing those that there are.
    """
    text = os.fspath(name_or_path)
    if (Path(text) / "config.json").is_file():
        return Path(text)
    if Path(text).exists():
        raise TfvcError(f"{text}: not a preset (no config.json in it)")
    if os.sep not in text:
        for folder in preset_folders():
            if (folder / text / "config.json").is_file():
                return folder / text
    if text in downloads():
        raise TfvcError(f"the preset {text!r} is not on this machine; run `tfvc fetch {text}` once")
    known = sorted({p.parent.name for folder in preset_folders() for p in folder.glob("*/config.json")})
    raise TfvcError(f"{text}: no such preset folder or name; known names: {', '.join(known) or 'none'}")
