"""Planted bugs must be caught, at the right layer, for the right reason; the matrix of all of them is committed."""

import json

import pytest

from parity_tests.mutations.matrix import HERE, Verdict, markdown, try_out
from parity_tests.mutations.network import NETWORK
from parity_tests.mutations.planted import MUTATIONS
from tfvc.parity import compare

# `make test` runs these with coded weights; `python -m parity_tests.mutations.matrix` runs all, with all kinds.
CHOSEN = {
    "batch norm: momentum reversed",
    "batch norm: mean left out of the gradient",
    "article: batch norm over time",
    "article: hand-written batch norm",
    "article: neck 44 against LSTM(32)",
    "layer norm: epsilon",
    "LSTM: gates f and g exchanged in the recurrent kernel",
    "LSTM: one bias trained for two",
    "GRU: reset before",
    "convolution: wrong gradient of the input",
    "strided convolution: same padding",
    "transposed convolution: shifted by a sample",
    "weight norm: over all axes",
    "spectral norm: two power iterations",
    "pooling: padding not counted",
    "LeakyReLU: slope of the layer",
    "LeakyReLU: slope between layers",
    "reshape for transpose",
    "gradient stopped between layers",
    "dense: bfloat16",
    "dense: one NaN",
    "spectrogram: not centred",
    "mel matrix: HTK",
    "loss: sum over the batch",
    "Adam: epsilon before the correction",
    "Adam: learning rate 1 % too high",
    "AdamW: decay 0.004",
    "clipping: each variable by itself",
}


@pytest.mark.parametrize("mutation", [m for m in MUTATIONS if m.name in CHOSEN], ids=lambda m: m.name)
def test_it_is_caught_and_named(mutation):
    verdict = try_out(mutation, "coded")
    assert verdict.caught
    assert verdict.layer, verdict
    assert verdict.cause, verdict


def test_the_names_exist():
    assert {m.name for m in MUTATIONS} >= CHOSEN
    assert len({m.name for m in MUTATIONS}) == len(MUTATIONS) >= 30


def test_the_network_without_a_bug():
    """Every layer by itself is right, and every one is paired."""
    report = compare(NETWORK, ("forward", "backward"), layers=True)
    report.raise_on_failure()
    assert [layer.path for layer in report.layers if layer.paired_by == "position"] == ["pool"]
    assert not report.unpaired
    assert all(layer.local_forward and layer.local_backward for layer in report.layers if layer.path)


def test_the_committed_matrix():
    """With distinct weights everything is caught and the layer right, and nine causes of ten."""
    verdicts = [Verdict(**v) for v in json.loads((HERE / "kill_matrix.json").read_text())]
    assert {v.mutation for v in verdicts} == {m.name for m in MUTATIONS}
    for init in ("coded", "random"):
        of_init = [v for v in verdicts if v.init == init]
        assert all(v.caught and v.layer for v in of_init)
        assert sum(v.cause for v in of_init) >= 0.9 * len(of_init)
    assert (HERE / "kill_matrix.md").read_text() == markdown(verdicts)
