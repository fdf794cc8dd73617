"""`--fail-under KEY=NUMBER` and `--fail-over KEY=NUMBER`: figures that decide the exit code."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import typer

from tfvc.cli.console import say
from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class Bounds:
    """The least and the largest that figures may be, by their keys."""

    under: Mapping[str, float]
    over: Mapping[str, float]

    @classmethod
    def parse(cls, under: Sequence[str], over: Sequence[str]) -> Self:
        """Reads what was given to the two options; raises TfvcError if one is not KEY=NUMBER."""
        return cls(_parse(under, "--fail-under"), _parse(over, "--fail-over"))

    def check_known(self, keys: Collection[str]) -> None:
        """Raises TfvcError for a bound on a figure that is not measured."""
        if unknown := sorted((self.under.keys() | self.over.keys()) - set(keys)):
            raise TfvcError(
                f"no bound can be set on {unknown[0]}: it is not measured here; there are {', '.join(keys)}"
            )

    def finish(self, figures: Mapping[str, float]) -> None:
        """Says which figures are beyond their bound, or could not be measured; ends with exit code 1 if any is."""
        beyond = [
            f"{key} is {figures[key]:.4g}, {word} {bound:g}"
            for word, bounds, sign in (("under", self.under, 1), ("over", self.over, -1))
            for key, bound in bounds.items()
            if math.isnan(figures[key]) or sign * figures[key] < sign * bound
        ]
        for line in beyond:
            say(f"failed: {line}")
        if beyond:
            raise typer.Exit(1)


def _parse(assignments: Sequence[str], option: str) -> dict[str, float]:
    bounds = {}
    for assignment in assignments:
        key, _, text = assignment.partition("=")
        try:
            bounds[key] = float(text)
        except ValueError:
            raise TfvcError(f"{option} {assignment}: expected KEY=NUMBER, as in mcd_db=7.5") from None
    return bounds
