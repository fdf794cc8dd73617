"""State dicts whose keys others spell otherwise: a table of how they are called here."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from tfvc.weights.errors import WeightError

Template = str | Callable[[re.Match], str]


@dataclass(frozen=True)
class Renaming:
    """A table of names.

    Attributes:
        name: whose names these are, for messages.
        rules: regular expressions of whole keys, each with the key it becomes: a template, or a function of the match.
            The first that matches counts.
        left_out: regular expressions of whole keys that do not belong to the network.
    """

    name: str
    rules: tuple[tuple[str, Template], ...]
    left_out: tuple[str, ...] = ()

    def __call__(self, state: dict[str, np.ndarray], where: str = "state dict") -> dict[str, np.ndarray]:
        """The same tensors under our names, in their order.

        Raises:
            WeightError: naming the keys that the table has no name for, or two that it has the same for.
        """
        renamed: dict[str, np.ndarray] = {}
        sources: dict[str, str] = {}
        unknown = []
        for key, value in state.items():
            if any(re.fullmatch(pattern, key) for pattern in self.left_out):
                continue
            ours = self._name(key)
            if ours is None:
                unknown.append(key)
            elif ours in renamed:
                raise WeightError(f"{where}: {key} and {sources[ours]} are both {ours}; one too many")
            else:
                renamed[ours], sources[ours] = value, key
        if unknown:
            raise WeightError(f"{where}: {_listed(unknown)} in the layout of {self.name}, which has no such tensor")
        return renamed

    def _name(self, key: str) -> str | None:
        for pattern, template in self.rules:
            if match := re.fullmatch(pattern, key):
                return template(match) if callable(template) else match.expand(template)
        return None


def _listed(keys: Iterable[str], most: int = 3) -> str:
    keys = list(keys)
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return f"{', '.join(keys[:most])}{more} {'is' if len(keys) == 1 else 'are'}"
