"""The folder that `prepare` fills: whether it may be used, and that nobody else uses it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.data import format1, layout

_NAMES_OF_A_SET = {
    layout.FEATURES,
    layout.SPEAKERS,
    layout.MANIFEST,
    layout.ERRORS,
    layout.SHARDS,
    layout.NEXT,
    format1.SPEC,
}


def claim(out: Path, corpus: Path) -> None:
    """Makes `out` a folder that a run may fill. Raises TfvcError, saying why not."""
    inner, outer = out.resolve(), corpus.resolve()
    if inner == outer or outer in inner.parents:
        raise TfvcError(f"{out} lies inside the corpus {corpus}; choose an output folder elsewhere")
    if out.exists() and not out.is_dir():
        raise TfvcError(f"{out} is a file; choose another output folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out.iterdir() if not path.name.startswith(".tmp-")}
    except OSError as error:
        raise TfvcError(f"{out} cannot be used as output folder ({error.strerror}); choose another") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise TfvcError(f"{out} is not writable; choose another output folder")
    if foreign := sorted(names - _NAMES_OF_A_SET):
        raise TfvcError(f"{out} holds other things ({foreign[0]}); choose a new or empty output folder")


@contextlib.contextmanager
def sole_user(out: Path) -> Iterator[None]:
    """Keeps two runs from filling one folder. The lock ends with its process and leaves no file behind."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise TfvcError(f"{out} is being prepared by another process; wait for it to end") from error
    finally:
        os.close(handle)
