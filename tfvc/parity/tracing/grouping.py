"""The calls of one side by the pair that they belong to, numbered as the other side's are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfvc.parity.four_of import FourOf
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing.pairing import Pair

# Torch's path and the number of the call -> the calls of the pair's layers.
Grouped = dict[tuple[str, int], list[Call]]


def of_torch(paths: Mapping[int, str], calls: Sequence[Call]) -> Grouped:
    """Torch's calls; each pair is one module.

    Args:
        paths: the id of a module -> its path.
        calls: of the modules.
    """
    return {(paths[id(call.owner)], call.number): [call] for call in calls}


def of_keras(pairs: Sequence[Pair], layers: Sequence[Any], calls: Sequence[Call]) -> Grouped:
    """Keras's calls; a pair may be a chain of layers."""
    by_layer = {(id(call.owner), call.number): call for call in calls}
    grouped = {}
    for pair in pairs:
        chain = [layers[i] for i in pair.layers]
        numbers = sorted(number for layer, number in by_layer if layer == id(chain[0]))
        for number in numbers:
            found = [by_layer.get((id(layer), number)) for layer in chain]
            if all(found):
                grouped[pair.path, number] = found
    return grouped


def aligned_calls(grouped: FourOf[Grouped]) -> tuple[FourOf[Grouped], dict[str, tuple[int, int]]]:
    """The calls numbered alike, and the pairs whose calls cannot be: path -> how often torch and Keras call it.

    Keras's RNN calls its cell once more, before its loop, to see what it gives.
    """
    theirs, ours = (Counter(path for path, _ in of_side) for of_side in grouped.float32)
    unlike = {path: (n, ours[path]) for path, n in theirs.items() if ours[path] not in (0, n)}
    probed = {path for path, (a, b) in unlike.items() if b == a + 1 and _begins_twice(grouped.keras32, path)}
    unlike = {path: counts for path, counts in unlike.items() if path not in probed}

    def renumbered(of_side: Grouped) -> Grouped:
        return {
            (path, number - (path in probed)): chain
            for (path, number), chain in of_side.items()
            if not (path in probed and number == 1)
        }

    return grouped.map_each(lambda of_side: of_side, renumbered), unlike


def _begins_twice(of_side: Grouped, path: str) -> bool:
    """Whether the second call gets what the first did."""
    first, second = (of_side[path, number][0].inputs for number in (1, 2))
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(np.array_equal(np.asarray(x), np.asarray(y)) for x, y in pairs)
