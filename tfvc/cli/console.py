"""What commands print: results on stdout, errors and progress on stderr."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 10.0


def say(text: str = "") -> None:
    """One line of result."""
    print(text, flush=True)


def error(text: str) -> None:
    """One line of error, whatever the text."""
    print(f"tfvc: error: {' '.join(text.split())}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(title: str, total: int, start: int = 0) -> Iterator[Callable[[int, str], None]]:
    """A bar on a terminal, a plain line every ten seconds elsewhere.

    Args:
        title: what is being done.
        total: units of work in all.
        start: units that an earlier run has done.

    Yields:
        `update(done, note)`: units done so far and a few words beside them.
    """
    if sys.stderr.isatty():
        columns = (
            TextColumn(title),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=total, completed=start, note="")
            yield lambda done, note="": bar.update(task, completed=done, note=note)
        return

    last = time.monotonic()

    def line(done: int, note: str = "") -> None:
        nonlocal last
        if done >= total or time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{title}: {done}/{total} {note}".rstrip(), file=sys.stderr, flush=True)

    yield line
