"""The comparisons that come with tfvc and with the families that are installed, and how to find one by name."""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfvc.cases import layers
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object
from tfvc.models.family import families
from tfvc.parity import ParityCase, Report, compare, load_case


@functools.cache
def known_cases() -> dict[str, Callable[[], ParityCase]]:
    """Name -> what makes the case: those of our layers, and those that each family names."""
    known = dict(layers.CASES)
    for family in families().values():
        if family.cases is not None:
            known |= load_object(family.cases)
    return known


def find_case(name: str) -> ParityCase:
    """A case by its name, or one of another module as `module:attribute` (a `ParityCase` or what makes one).

    Raises:
        TfvcError: if there is none of that name.
    """
    if name in known_cases():
        return replace(known_cases()[name](), name=name)
    if ":" not in name:
        raise TfvcError(f"no parity case {name!r}: choose from {', '.join(known_cases())}, or give module:case")
    return load_case(name)


def list_cases() -> dict[str, str]:
    """The names of the known cases and what each compares."""
    return {name: find_case(name).description for name in known_cases()}


def run_case(name: str, **settings: Any) -> Report:
    """Compares a known case, or `module:case`; the settings are those of `tfvc.parity.compare`."""
    return compare(find_case(name), **settings)
