"""Silence for C libraries."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr(quiet: bool = True) -> Iterator[None]:
    """Discards what C code writes to file descriptor 2: the MPEG decoder prints its complaints there.

    The descriptor belongs to the whole process, so keep the block short; errors still arrive as exceptions.
    """
    if not quiet:
        yield
        return
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
