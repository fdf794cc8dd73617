"""Measurements as pictures."""

from collections.abc import Sequence

import matplotlib.axes
import matplotlib.figure
import numpy as np

from tfvc.audio import MelSpec, Recording
from tfvc.audio.pictures import draw_mels
from tfvc.metrics.mcd import SHIFT, analysis_rate
from tfvc.metrics.of_recording import pitch_of
from tfvc.metrics.summary import Figures, means, measured


def distributions(rows: Sequence[Figures]) -> matplotlib.figure.Figure:
    """A histogram of each figure over many pairs, its mean marked."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if measured(rows, key)]
    columns = min(3, len(keys))
    lines = -(-len(keys) // columns)
    figure = matplotlib.figure.Figure(figsize=(4 * columns, 2.6 * lines), layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    average = means(rows)
    for panel, key in zip(panels, keys, strict=False):
        panel.hist(measured(rows, key), bins=min(20, 2 + len(rows)))
        panel.axvline(average[key], color="black", linestyle="--")
        panel.set(title=f"{key}: {average[key]:.3f}", ylabel="pairs")
    for panel in panels[len(keys) :]:
        panel.set_axis_off()
    return figure


def pair_figure(reference: Recording, hypothesis: Recording, spec: MelSpec, f0: bool) -> matplotlib.figure.Figure:
    """The mels of two recordings and, if wanted, their pitch contours, each on its own time."""
    parts = 2 if f0 else 1
    figure = matplotlib.figure.Figure(figsize=(10, 5 + 2.5 * f0), layout="constrained")
    part = figure.subfigures(parts, 1, height_ratios=[2, 1][:parts], squeeze=False)[:, 0]
    mels = {"reference": reference.mel(spec), "hypothesis": hypothesis.mel(spec)}
    draw_mels(part[0], mels, spec.hop / spec.sample_rate)
    if f0:
        _draw_contours(part[1].subplots(), reference, hypothesis)
    return figure


def _draw_contours(panel: matplotlib.axes.Axes, reference: Recording, hypothesis: Recording) -> None:
    rate = analysis_rate(reference.sample_rate, hypothesis.sample_rate)
    for recording, label in ((reference, "reference"), (hypothesis, "hypothesis")):
        contour = pitch_of(recording, rate)
        voiced = np.where(contour > 0, contour, np.nan)
        panel.plot(np.arange(len(contour)) * SHIFT / rate, voiced, label=label)
    panel.set(xlabel="seconds", ylabel="F0 in Hz")
    panel.legend()
