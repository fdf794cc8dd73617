"""What no value came to is said: a bound, one side of an activation, the row of the padding."""

import keras
import pytest
import torch

from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.findings.unexercised import Branch, Unexercised
from tfvc.parity.findings.words import unexercised_words


class Bounded(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.linear, self.end = torch.nn.Linear(3, 5), function

    def forward(self, x):
        return self.end(self.linear(x))


def parity_case(function, ours, scale):
    return ParityCase(
        "bounded",
        lambda: keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(5, name="linear"), keras.layers.Activation(ours)]
        ),
        lambda: Bounded(function),
        LayerTable({"linear": "linear"}),
        lambda rng: {"x": scale * rng.uniform(-1, 1, (7, 3))},
        lambda model, x, training: {"y": model(x["x"], training=training)},
        lambda module, x: {"y": module(x["x"])},
    )


def clipped(high):
    return lambda x: keras.ops.clip(x, 0, high)


def test_a_bound_that_nothing_reaches_is_said():
    """And another bound is then indeed not seen."""
    report = compare(parity_case(torch.nn.ReLU6(), clipped(5.0), 0.1), ("forward",))
    assert report.passed
    assert report.unexercised == [Unexercised("end", "hardtanh", Branch.ABOVE, 6.0)]
    assert unexercised_words(report.unexercised)[0].startswith("no value above 6 came to hardtanh in end")
    assert "not exercised: no value above 6" in report.text(400)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_bound_that_is_reached_is_not(inplace):
    """One that works in place, as in torchvision's models, overwrites the values that reached it."""
    report = compare(parity_case(torch.nn.ReLU6(inplace), clipped(6.0), 100.0), ("forward",))
    assert (report.passed, report.unexercised) == (True, [])


@pytest.mark.parametrize(
    ("function", "ours", "branch", "bound"),
    [
        (lambda x: torch.relu(x.abs() + 1), lambda x: keras.ops.abs(x) + 1, Branch.BELOW, 0.0),
        (lambda x: x.clamp(min=-50), lambda x: x, Branch.BELOW, -50.0),
        (lambda x: torch.clip(x, None, 50), lambda x: x, Branch.ABOVE, 50.0),
    ],
)
def test_one_side_of_a_function(function, ours, branch, bound):
    report = compare(parity_case(function, ours, 1.0), ("forward",))
    assert report.passed
    assert [(part.branch, part.bound) for part in report.unexercised] == [(branch, bound)]


def test_the_row_of_the_padding():
    case = ParityCase(
        "words",
        lambda: keras.Sequential([keras.Input((4,), dtype="int64"), keras.layers.Embedding(9, 5, name="words")]),
        lambda: torch.nn.Sequential(torch.nn.Embedding(9, 5, padding_idx=2)),
        LayerTable({"0": "words"}),
        lambda rng: {"ids": rng.integers(3, 9, (2, 4))},
        lambda model, x, training: {"y": model(x["ids"], training=training)},
        lambda module, x: {"y": module(x["ids"])},
        accepted=("trained padding row",),
    )
    assert compare(case, ("forward",)).unexercised == []  # the row is then trained like any other
    case = ParityCase(**{**vars(case), "accepted": ()})
    found = compare(case, ("forward",)).unexercised
    assert found == [Unexercised("0", "embedding", Branch.ROW, 2)]
