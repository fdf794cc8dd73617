"""Error against noise, tensor by tensor, on a log axis: the geometry of an SVG drawing.

Two panels above one another share the axis of tensors: float64 with its bound, float32 with its noise. What is
allowed is shaded, so a dot above the shade is a tensor that differs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfvc.parity.findings.row import NOISE_FACTOR, Row, Verdict
from tfvc.parity.show.html.figures import describe

WIDTH, LEFT, RIGHT, TOP = 1150, 64, 10, 54
PANEL, BETWEEN, BOTTOM = 168, 30, 8
GROUP_GAP, NARROWEST, WIDEST = 10, 3.0, 14.0
CHARACTER = 7.0  # mean width of a label's character
ZERO = 14  # below the lowest decade: where an error of exactly zero lies
# A relative error beyond these is drawn at the edge: the noise of a tensor of zeros, relative to it, is endless.
SMALLEST, LARGEST = 1e-20, 1e3


@dataclass(frozen=True)
class Group:
    """Tensors that belong together, under one label of up to two lines; a name for each row."""

    label: tuple[str, str]
    rows: Sequence[tuple[str, Row]]


class Scale:
    """Where a figure lies in a panel: `top` for the largest, logarithmic, zero at the very bottom."""

    def __init__(self, title: str, top: float, figures: Sequence[float]):
        self.title, self.top, self.bottom = title, top, top + PANEL
        logs = [math.log10(x) for x in figures if SMALLEST < x < LARGEST] or [-1.0, 0.0]
        self.low, self.high = math.floor(min(logs)), math.ceil(max(logs))
        self.high = max(self.high, self.low + 1)

    def __call__(self, figure: float) -> float:
        if figure <= 0:
            return self.bottom
        share = (math.log10(min(max(figure, 10.0**self.low), 10.0**self.high)) - self.low) / (self.high - self.low)
        return round(self.bottom - ZERO - share * (PANEL - ZERO), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Height and label of the decades that are marked."""
        apart = math.ceil((self.high - self.low) / 8)
        return [(self.bottom, "0"), *((self(10.0**k), f"1e{k}") for k in range(self.low, self.high + 1, apart))]


@dataclass(frozen=True)
class Mark:
    """One tensor: where its two dots are, None for a failure without figures; and what is to be said of it."""

    x: float
    text: str
    look: str
    radius: float
    error64: float | None
    error32: float | None


@dataclass(frozen=True)
class Label:
    """The name of a group, over its span of the axis."""

    left: float
    right: float
    lines: tuple[str, str]


@dataclass(frozen=True)
class Chart:
    """What the page draws. `shades` and `noises` are SVG paths: what is allowed, and the noise in it."""

    width: float
    height: float
    panels: tuple[Scale, Scale]
    labels: list[Label]
    marks: list[Mark]
    shades: str
    noises: str

    @property
    def failures(self) -> int:
        return sum(mark.look == "fail" for mark in self.marks)


def chart(groups: Sequence[Group]) -> Chart:
    """Lays out the tensors of all groups, in order."""
    rows = [row for group in groups for _, row in group.rows]
    upper = Scale("float64 error", TOP, _figures(rows, "error64", "bound64"))
    allowed = [row.noise32 * NOISE_FACTOR for row in rows if row.noise32 is not None]
    lower = Scale("float32 error", TOP + PANEL + BETWEEN, [*_figures(rows, "error32", "noise32"), *allowed])

    step = _step(groups)
    radius = min(3.4, max(1.6, step * 0.42))
    labels, marks, shades, noises, left = [], [], [], [], float(LEFT)
    for group in groups:
        width = _width(group, step)
        labels.append(Label(round(left, 1), round(left + width, 1), group.label))
        column = width / len(group.rows)
        for place, (name, row) in enumerate(group.rows):
            x = left + (place + 0.5) * column
            marks.append(_mark(round(x, 1), name, row, radius, upper, lower))
            if row.error64 is not None:
                shades += [_bar(x - column / 2, column, upper, row.bound64)]
            if row.error32 is not None:
                start = x - column / 2
                shades += [_bar(start, column, lower, row.noise32 * NOISE_FACTOR)]
                noises.append(f"M{start:.1f} {lower(row.noise32)}h{column:.1f}")
        left += width + GROUP_GAP
    return Chart(
        width=round(left - GROUP_GAP + RIGHT),
        height=TOP + 2 * PANEL + BETWEEN + BOTTOM,
        panels=(upper, lower),
        labels=labels,
        marks=marks,
        shades="".join(shades),
        noises="".join(noises),
    )


def _figures(rows: Sequence[Row], *names: str) -> list[float]:
    return [getattr(row, name) for row in rows for name in names if getattr(row, name) is not None]


def _step(groups: Sequence[Group]) -> float:
    """The widest spacing of tensors that fits the page; if none does, the narrowest that can be read."""
    for step in (WIDEST - 0.25 * k for k in range(int((WIDEST - NARROWEST) * 4) + 1)):
        total = sum(_width(group, step) + GROUP_GAP for group in groups)
        if LEFT + total - GROUP_GAP + RIGHT <= WIDTH:
            return step
    return NARROWEST


def _width(group: Group, step: float) -> float:
    return max(len(group.rows) * step, max(map(len, group.label)) * CHARACTER)


def _mark(x: float, name: str, row: Row, radius: float, upper: Scale, lower: Scale) -> Mark:
    look = "cancelling" if row.cancelling and row.verdict is Verdict.PASS else row.verdict
    figures = (upper, row.error64), (lower, row.error32)
    if any(figure is not None for _, figure in figures):  # both, unless a side has one precision only
        heights = tuple(None if figure is None else scale(figure) for scale, figure in figures)
    else:  # integers, and what has no norm
        heights = (None, None) if row.failed else (upper.bottom, lower.bottom)
    return Mark(x, describe(row, name), look, round(radius * (1.4 if row.failed else 1), 2), *heights)


def _bar(start: float, width: float, scale: Scale, allowed: float) -> str:
    return f"M{start:.1f} {scale.bottom}V{scale(allowed)}h{width:.1f}V{scale.bottom}"
