"""Silence for libraries that write to file descriptor 2 themselves, past Python and every setting."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Discards what anything writes to file descriptor 2.

    The descriptor belongs to the whole process, and to the processes that it starts meanwhile, so keep the block short;
    errors still arrive as exceptions.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    kept = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
