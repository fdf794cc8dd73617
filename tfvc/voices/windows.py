"""Networks without a memory over a long input: window by window, as if it were done in one go."""

from collections.abc import Callable, Iterator

import numpy as np

# Three seconds of sound. Measured with full-size MelGANs on two cores, a frame takes no longer than in pieces of 512 or
# 1024 and needs a half or a quarter of the memory (0.1 GiB); in smaller pieces the context, computed twice, weighs.
WINDOW_FRAMES = 256


def in_windows(
    compute: Callable[[int, int], np.ndarray], frames: int, reach: int, hop: int = 1, window: int = WINDOW_FRAMES
) -> Iterator[np.ndarray]:
    """What a network makes of `frames` frames, piece by piece.

    Each window is computed with as many of its neighbours around it as a frame depends on, so that the pieces together
    are what the network gives for the whole, but for the rounding of float32. At the true ends there is no neighbour,
    and the network pads as it pads the whole.

    Args:
        compute: of the frames from a first to a last, which does not count: an array `[(last - first) * hop, ...]`.
        frames: how many there are.
        reach: frames before and after its own on which one depends.
        hop: what comes out for each.
        window: frames that are computed at once, beside their neighbours.

    Yields:
        Arrays `[frames of the window * hop, ...]`.
    """
    for start in range(0, frames, window):
        stop = min(start + window, frames)
        first = max(0, start - reach)
        piece = compute(first, min(stop + reach, frames))
        yield piece[(start - first) * hop : (stop - first) * hop]
