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


def note(text: str) -> None:
    """One line beside the results: what was assumed."""
    print(f"tfvc: note: {' '.join(text.split())}", file=sys.stderr, flush=True)


def error(text: str) -> None:
    """One line of error, whatever the text."""
    print(f"tfvc: error: {' '.join(text.split())}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, a plain line every ten seconds elsewhere.

    Args:
        title: what is being done.
        total: units of work in all; None if only the first update knows.

    Yields:
        `update(done, note="", total=total)`: units done so far and a few words beside them.
    """
    known = total
    if sys.stderr.isatty():
        columns = (
            TextColumn(title),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=total, note="")
            yield lambda done, note="", total=known: bar.update(task, completed=done, note=note, total=total)
        return

    last = time.monotonic()

    def line(done: int, note: str = "", total: int | None = known) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(f"{title}: {done}/{total} {note}".rstrip(), file=sys.stderr, flush=True)

    yield line
