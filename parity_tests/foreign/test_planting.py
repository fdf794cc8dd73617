"""The drawn bugs: which they are, and that some come out as the published table says."""

import json
from collections import Counter

import pytest

from parity_tests.foreign.matrix import HERE, Verdict, markdown, try_out
from parity_tests.foreign.planting.draw import KINDS, SEED, draw, drawn

# A layer, a constant, a part between layers; of the pair that runs fastest.
QUICK = ("conv_tasnet: norm doubled", "conv_tasnet: dilation", "conv_tasnet: order of a concatenation")


def published() -> list[Verdict]:
    return [Verdict(**row) for row in json.loads((HERE / "matrix.json").read_text())]


def test_the_list_is_what_the_script_draws():
    assert [vars(bug) for bug in draw()] == [vars(bug) | {"value": _as_drawn(bug.value)} for bug in drawn()]
    assert len(drawn()) >= 60
    assert {bug.kind for bug in drawn()} == set(KINDS)
    assert draw(SEED + 1) != draw()


def _as_drawn(value):
    """JSON has no tuples."""
    return tuple(value) if isinstance(value, list) else value


def test_the_published_table_is_of_this_list():
    verdicts = published()
    assert Counter(verdict.bug for verdict in verdicts) == Counter(bug.name for bug in drawn())
    assert (HERE / "matrix.md").read_text() == markdown(verdicts)


@pytest.mark.parametrize("name", QUICK)
def test_it_comes_out_as_published(name):
    bug = next(bug for bug in drawn() if name in bug.name)
    said = next(verdict for verdict in published() if verdict.bug == bug.name)
    found = try_out(bug)
    assert (found.caught, found.place, found.cause) == (said.caught, said.place, said.cause), found
