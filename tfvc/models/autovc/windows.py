"""Mels of any length through a network that was trained on short ones."""

from collections.abc import Callable

import numpy as np

WINDOW_FRAMES, CONTEXT_FRAMES = 640, 64
_WINDOWS_AT_ONCE = 8


def in_windows(
    convert: Callable[[np.ndarray], np.ndarray],
    mel: np.ndarray,
    window: int = WINDOW_FRAMES,
    context: int = CONTEXT_FRAMES,
) -> np.ndarray:
    """Converts a long mel window by window, each with neighbours that are thrown away again.

    The LSTMs have seen crops of a second or two. In one go through minutes their states wander off, and the mel's error
    grows along the recording; from a fresh state it is the same everywhere, and memory is bounded.

    Args:
        convert: mels `[batch, window, n_mels]` to mels of that shape; given one shorter mel where there is no more.
        mel: `[frames, n_mels]`.
        window: frames that are converted in one go; a mel that is no longer is converted as a whole.
        context: frames at an inner edge of a window that only serve as its surroundings.

    Returns:
        `[frames, n_mels]`.
    """
    frames = len(mel)
    if frames <= window:
        return convert(mel[None])[0]
    starts = [*range(0, frames - window, window - 2 * context), frames - window]
    converted = np.empty_like(mel)
    for i in range(0, len(starts), _WINDOWS_AT_ONCE):
        group = starts[i : i + _WINDOWS_AT_ONCE]
        for start, piece in zip(group, convert(np.stack([mel[s : s + window] for s in group])), strict=True):
            # What is surroundings at the end is overwritten by the next window.
            first = context if start else 0
            converted[start + first : start + window] = piece[first:]
    return converted
