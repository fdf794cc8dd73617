"""Layers recorded group by group, so that a large model is not held several times over."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfvc.parity.sides.call import Call
from tfvc.parity.tracing.pairing import Pair

# So many bytes may be recorded of any model.
SMALL = 1 << 26


class Windows:
    """The pairs in groups, such that what is recorded of one group needs no more memory than the models do.

    The models need their weights on all sides, and what one of them keeps in float64 for its backward pass. What is
    recorded lies there on all sides in both precisions, six times the bytes of torch in float32, and backward once
    more as gradients.

    Args:
        pairs: of the two models.
        modules: torch's path -> float32 module, of each pair.
        calls: of these modules in one pass.
        weights: bytes of torch's float32 parameters.
    """

    def __init__(self, pairs: Sequence[Pair], modules: Mapping[str, Any], calls: Sequence[Call], weights: int):
        self._pairs = pairs
        paths = {id(module): path for path, module in modules.items()}
        everything: dict[int, int] = {}
        of_path: dict[str, dict[int, int]] = {}
        for call in calls:
            for x in (*call.inputs, *call.outputs):
                if id(call.owner) in paths:
                    of_path.setdefault(paths[id(call.owner)], {})[x.data_ptr()] = x.nbytes
                    everything[x.data_ptr()] = x.nbytes
        self._bytes = {path: sum(found.values()) for path, found in of_path.items()}
        self._room = 6 * weights + 2 * sum(everything.values())

    def groups(self, backward: bool) -> list[list[Pair]]:
        """The groups for a forward or a backward pass."""
        return list(self._filled(12 if backward else 6))

    def _filled(self, copies: int) -> Iterator[list[Pair]]:
        group: list[Pair] = []
        taken = 0
        for pair in self._pairs:
            size = copies * self._bytes.get(pair.path, 0)
            if group and taken + size > max(self._room, SMALL):
                yield group
                group, taken = [], 0
            group.append(pair)
            taken += size
        yield group
