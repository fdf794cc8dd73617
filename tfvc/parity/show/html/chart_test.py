import math
import re
from itertools import pairwise

import pytest

from tfvc.parity.findings.row import NOISE_FACTOR, Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.show.html.chart import WIDTH, Group, chart


def row(error64, error32, bound=1e-10, noise=1e-7):
    stage = Stage(Phase.FORWARD, StageKind.OUTPUTS)
    return Row(stage, "x", Verdict.PASS, (), error64, bound, error32, noise, error32 / noise, 1.0, 1.0)


def drawn(rows):
    return chart([Group(("forward", "outputs"), [(f"tensor {k}", row) for k, row in enumerate(rows)])])


def tops(path, panel):
    """The heights of the shades in one panel, from left to right."""
    bars = re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)h", path)
    return [float(top) for bottom, top in bars if float(bottom) == panel.bottom]


def test_a_dot_is_above_the_shade_if_and_only_if_it_is_above_what_is_allowed():
    rows = [row(10.0**k, 10.0**-7 * 10.0 ** (k + 10), bound=3e-10, noise=3e-8) for k in range(-15, 1)]
    picture = drawn(rows)
    for mark, one, top64, top32 in zip(
        picture.marks,
        rows,
        tops(picture.shades, picture.panels[0]),
        tops(picture.shades, picture.panels[1]),
        strict=True,
    ):
        assert (mark.error64 < top64) == (one.error64 > one.bound64)
        assert (mark.error32 < top32) == (one.error32 > NOISE_FACTOR * one.noise32)


def test_the_axis_is_logarithmic_and_has_a_place_for_zero():
    picture = drawn([row(0.0, 0.0), row(1e-14, 1e-7), row(1e-12, 1e-6), row(1e-10, 1e-5)])
    zero, *heights = [mark.error64 for mark in picture.marks]
    assert zero == picture.panels[0].bottom > heights[0]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)


@pytest.mark.parametrize("error", [0.0, 5e-324, 1e-30, 1.0, 1e30, 1e300, math.inf])
def test_every_figure_lies_in_its_panel(error):
    picture = drawn([row(error, error), row(1e-14, 1e-7, noise=2e270)])
    for panel, mark in ((panel, mark) for panel in picture.panels for mark in picture.marks):
        assert len(panel.ticks) <= 11
        assert any(panel.top <= y <= panel.bottom for y in (mark.error64, mark.error32))
    assert all(panel.top <= y for panel in picture.panels for y in tops(picture.shades, panel))


@pytest.mark.parametrize("count", [1, 200, 340])
def test_hundreds_of_tensors_fit_the_page(count):
    picture = drawn([row(1e-14, 1e-7)] * count)
    assert picture.width <= WIDTH
    xs = [mark.x for mark in picture.marks]
    assert all(b - a >= 2.9 for a, b in pairwise(xs))


def test_thousands_are_drawn_beyond_it_rather_than_on_one_another():
    picture = drawn([row(1e-14, 1e-7)] * 3000)
    assert picture.marks[1].x - picture.marks[0].x >= 2.9
    assert picture.width > WIDTH


def test_a_label_has_room_where_its_tensors_have_not():
    groups = [Group(("backward", "running statistics"), [("a", row(1e-14, 1e-7))])] * 2
    first, second = chart(groups).labels
    assert second.left - first.left > 18 * 6
