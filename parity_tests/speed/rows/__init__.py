"""What is timed: each module yields `(name, build)`, and `build()` makes the `Row`."""

from collections.abc import Callable, Iterator

from parity_tests.speed.row import Row
from parity_tests.speed.rows import autovc, conversion, grouped, hifigan, lstm, mel, melgan, start

MODULES = (lstm, grouped, autovc, melgan, hifigan, mel, conversion, start)


def all_rows() -> Iterator[tuple[str, Callable[[], Row]]]:
    """Of all modules, in the order of the table."""
    for module in MODULES:
        yield from module.rows()
