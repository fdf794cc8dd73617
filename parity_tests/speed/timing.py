"""Timing in turns."""

import statistics
import time
from dataclasses import dataclass

from parity_tests.speed.row import Work

# A turn lasts at least so long: shorter work is repeated within it.
LEAST_TURN_S = 0.08
# Work that takes longer than this gets fewer turns: stock Keras needs seconds where the others need milliseconds.
SLOW_S = 1.0


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one piece of work: the median of the turns, and the spread from the fastest to the slowest."""

    median_ms: float
    least_ms: float
    most_ms: float
    turns: int


def in_turns(peers: dict[str, Work], turns: int, slow_turns: int) -> dict[str, Timing]:
    """Times the peers in turns: A B C, B C A, ...

    Each turn begins with a run that is not counted (unless the work is slow), since the threads of the peer before are
    still spinning and its data fill the caches.

    Args:
        peers: the work by name. Each is run twice beforehand: the first run traces and allocates.
        turns: of each peer.
        slow_turns: of a peer whose work takes longer than `SLOW_S`, tfvc and torch excepted: the ratio is theirs.
    """
    expected = {}
    for name, work in peers.items():
        work()
        expected[name] = _seconds(work, 1)
    measured = {name: [] for name in peers}
    order = list(peers)
    for turn in range(turns):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            slow = expected[name] > SLOW_S
            if slow and name == "keras" and turn >= slow_turns:
                continue
            if not slow:
                peers[name]()
            repeats = max(1, round(LEAST_TURN_S / expected[name]))
            measured[name].append(1e3 * _seconds(peers[name], repeats))
    return {
        name: Timing(statistics.median(times), min(times), max(times), len(times)) for name, times in measured.items()
    }


def _seconds(work: Work, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats
