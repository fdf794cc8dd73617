"""How a recording is cut into the windows that a speaker encoder sees."""

import math


def partial_starts(
    samples: int, sample_rate: int, hop: int, window: int, windows_per_second: float, min_coverage: float
) -> list[int]:
    """First frames of the windows; equals Resemblyzer's `compute_partial_slices`.

    The last window may reach beyond the recording. It counts if at least `min_coverage` of it is audio, or if
    it is the only one.

    Args:
        samples: length of the recording.
        sample_rate: in Hz.
        hop: samples per frame.
        window: frames per window.
        windows_per_second: windows that start in a second.
        min_coverage: between 0 and 1.
    """
    frames = math.ceil((samples + 1) / hop)
    step = round(sample_rate / windows_per_second / hop)
    starts = list(range(0, max(1, frames - window + step + 1), step))
    coverage = (samples - starts[-1] * hop) / (window * hop)
    if coverage < min_coverage and len(starts) > 1:
        starts.pop()
    return starts
