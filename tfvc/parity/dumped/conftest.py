"""Dumps that a stranger wrote."""

import json
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tfvc.parity.dumped import Dump
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.show.html import to_html

SCHEMA = Path(__file__).parents[1] / "findings" / "report.schema.json"
OUTPUTS = Stage(Phase.FORWARD, StageKind.OUTPUTS)
LAYERS = Stage(Phase.FORWARD, StageKind.INFERENCE_OUTPUTS)
RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 7, 5)).astype(np.float32)
Y = RNG.standard_normal((3, 6, 4))


def noisy(y, seed):
    """What float32 makes of it, each time with other rounding."""
    return (y * (1 + 2.0**-23 * np.random.default_rng(seed).standard_normal(y.shape))).astype(np.float32)


def both(y, seed, error=0.0):
    """In float64 and in float32, an error of that relative size in both."""
    y = y + error * np.linalg.norm(y) / np.sqrt(y.size)
    return y * (1 + 2.0**-50 * np.random.default_rng(seed).standard_normal(y.shape)), noisy(y, seed)


@pytest.fixture
def sides(tmp_path):
    """Writes the two sides: each a function that is given a dump; gives their folders."""

    def write(theirs, ours, inputs=(X, X)):
        folders = []
        for name, fill, x in zip(("theirs", "ours"), (theirs, ours), inputs, strict=True):
            folders.append(tmp_path / name)
            with Dump(folders[-1], "small", {"numpy": np.__version__}) as dump:
                dump.give(inputs={"x": x})
                fill(dump)
        return folders

    return write


def outputs(seed, error=0.0, name="y", y=Y, axes=None):
    def fill(dump):
        double, single = both(y, seed, error)
        dump.add(OUTPUTS, {name: double}, {name: single}, axes=axes and {name: axes})

    return fill


def check_shown(report):
    """All that shows a report takes it."""
    values = json.loads(json.dumps([report.to_dict()]))
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(values)
    page = to_html([report])
    for limit in values[0]["limits"]:
        assert limit["words"].split(":")[0] in page
        assert limit["words"].split(":")[0] in report.text(width=400)
    assert str(report.sides[0].where) in page
