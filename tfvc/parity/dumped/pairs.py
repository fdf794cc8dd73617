"""Which layer of one dump is which of the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tfvc.parity.dumped.header import LayerOf


@dataclass(frozen=True)
class LayerPair:
    """The reference's layer and the other side's.

    Attributes:
        theirs, ours: the two.
        paired_by: as a finding has it.
        parent: path of the smallest pair around it.
        leaf: whether no other pair lies in it.
    """

    theirs: LayerOf
    ours: LayerOf
    paired_by: str
    parent: str | None = None
    leaf: bool = True

    def holds(self, key: str) -> bool:
        """Whether a weight is the layer's."""
        return key in self.theirs.keys if self.theirs.keys else key.startswith(f"{self.theirs.path}.")


def pair_up(theirs: Sequence[LayerOf], ours: Sequence[LayerOf]) -> dict[str, LayerPair]:
    """The pairs: those that are named, then those that hold the same weights, then those of the same path."""
    known = {one.path: one for one in theirs}
    pairs: dict[str, LayerPair] = {}
    taken: set[str] = set()

    def pair(one: LayerOf, other: LayerOf, paired_by: str) -> None:
        if one.path not in pairs and other.path not in taken:
            pairs[one.path] = LayerPair(one, other, paired_by)
            taken.add(other.path)

    for other in ours:
        if other.beside in known:
            pair(known[other.beside], other, "table")
    by_keys = {frozenset(other.keys): other for other in ours if other.keys}
    for one in theirs:
        if one.keys and frozenset(one.keys) in by_keys:
            pair(one, by_keys[frozenset(one.keys)], "weights")
    for one, other in ((one, other) for one in theirs for other in ours if one.path == other.path):
        pair(one, other, "table")
    return {one.path: _placed(pairs[one.path], pairs) for one in theirs if one.path in pairs}


def _placed(pair: LayerPair, pairs: Mapping[str, LayerPair]) -> LayerPair:
    around = [other for other in pairs.values() if _contains(other, pair)]
    parent = min(around, key=lambda other: (len(other.theirs.keys), -len(other.theirs.path)), default=None)
    leaf = not any(_contains(pair, other) for other in pairs.values())
    return replace(pair, parent=parent.theirs.path if parent else None, leaf=leaf)


def _contains(outer: LayerPair, inner: LayerPair) -> bool:
    mine, others = set(outer.theirs.keys), set(inner.theirs.keys)
    return (bool(others) and others < mine) or lies_in(inner.theirs.path, outer.theirs.path)


def lies_in(path: str, outer: str) -> bool:
    """Whether one path is inside of another."""
    return path != outer and path.startswith((f"{outer}.", f"{outer}/") if outer else "")
