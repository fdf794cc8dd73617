"""Mels as pictures."""

import matplotlib.figure
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg


def mel_figure(mels: dict[str, np.ndarray], seconds_per_frame: float) -> matplotlib.figure.Figure:
    """One panel a mel `[frames, n_mels]`, all on one colour scale, below each other on one time axis.

    Args:
        mels: title -> mel; at least one.
        seconds_per_frame: hop over sample rate.
    """
    figure = matplotlib.figure.Figure(figsize=(10, 2.4 * len(mels)), layout="constrained")
    draw_mels(figure, mels, seconds_per_frame)
    return figure


def draw_mels(figure: matplotlib.figure.FigureBase, mels: dict[str, np.ndarray], seconds_per_frame: float) -> None:
    """Draws what `mel_figure` gives into a figure or a part of one."""
    low = min(float(mel.min()) for mel in mels.values())
    high = max(float(mel.max()) for mel in mels.values())
    panels = figure.subplots(len(mels), 1, squeeze=False, sharex=True)[:, 0]
    for panel, (title, mel) in zip(panels, mels.items(), strict=True):
        extent = (0, len(mel) * seconds_per_frame, 0, mel.shape[1])
        image = panel.imshow(
            mel.T, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high, interpolation="nearest"
        )
        panel.set(title=title, ylabel="mel channel")
    panels[-1].set_xlabel("seconds")
    panels[-1].set_xlim(0, max(len(mel) for mel in mels.values()) * seconds_per_frame)
    figure.colorbar(image, ax=list(panels), label="log mel")


def to_pixels(figure: matplotlib.figure.Figure) -> np.ndarray:
    """The figure as uint8 `[height, width, 3]`."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
