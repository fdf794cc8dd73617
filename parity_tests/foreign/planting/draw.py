"""Draws bugs: a kind, a pair that has a place for it, a place, a value."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from parity_tests.foreign.pairs import PAIRS
from parity_tests.foreign.planting import calls, constants, optimizers, weights
from parity_tests.foreign.planting.kind import Kind, Site, sites_of

FILE = Path(__file__).parent / "drawn.json"
SEED, COUNT = 20261128, 72
KINDS: dict[str, Kind] = {
    kind.name: kind for kind in [*constants.KINDS, *calls.KINDS, *weights.KINDS, *optimizers.KINDS]
}


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    Attributes:
        number: in the list.
        pair, kind: by name.
        index: of the layer in the Keras model.
        place: the layer's path, for readers.
        value: what was drawn for it.
    """

    number: int
    pair: str
    kind: str
    index: int
    place: str
    value: Any

    @property
    def name(self) -> str:
        value = "" if self.value is None else f" {self.value}"
        return f"{self.number} {self.pair}: {self.kind}{value} in {self.place}"


@cache
def sites(pair: str) -> list[Site]:
    """The layers of a pair's Keras model."""
    return sites_of(PAIRS[pair]())


def draw(seed: int = SEED, count: int = COUNT) -> list[Bug]:
    """Every kind in turn, each in another pair as long as there is one; the same list for the same seed."""
    rng = Random(seed)
    order = sorted(KINDS)
    rng.shuffle(order)
    bugs: list[Bug] = []
    used: set[tuple] = set()
    while len(bugs) < count:
        for name in order:
            places = {pair: found for pair in PAIRS if (found := _places(pair, name, used))}
            fresh = [pair for pair in places if all((bug.pair, bug.kind) != (pair, name) for bug in bugs)]
            if places and len(bugs) < count:
                pair = rng.choice(fresh or list(places))
                site = rng.choice(places[pair])
                value = rng.choice(list(KINDS[name].values(site)))
                bugs.append(Bug(len(bugs) + 1, pair, name, site.index, site.path, value))
                used.add((pair, name, site.index))
    return bugs


def _places(pair: str, kind: str, used: set[tuple]) -> list[Site]:
    return [site for site in sites(pair) if (pair, kind, site.index) not in used and KINDS[kind].values(site)]


def drawn() -> list[Bug]:
    """The list that is kept."""
    return [Bug(**row) for row in json.loads(FILE.read_text())]


def write() -> None:
    """Draws it anew."""
    FILE.write_text(json.dumps([asdict(bug) for bug in draw()], indent=1) + "\n")
