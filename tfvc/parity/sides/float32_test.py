"""A side that computes in float32 in part: named, or accepted; and what is further off is not accepted with it."""

import keras
import numpy as np
import pytest
import torch

from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.sides.accepted import FLOAT32


class Rounding(keras.layers.Layer):
    """Computes in float32 whatever it is given, and then multiplies."""

    def __init__(self, factor):
        super().__init__(name="rounding")
        self.factor = factor

    def call(self, x):
        return keras.ops.cast(keras.ops.cast(x, "float32"), x.dtype) * np.asarray(self.factor, self.compute_dtype)


def parity_case(accepted, factor=1.0):
    layers = keras.layers
    return ParityCase(
        "rounding",
        lambda: keras.Sequential(
            [keras.Input((4,)), layers.Dense(5, name="one"), Rounding(factor), layers.Dense(3, name="two")]
        ),
        lambda: torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)),
        LayerTable({"0": "one", "1": "two"}),
        lambda rng: {"x": rng.standard_normal((7, 4))},
        lambda model, x, training: {"y": model(x["x"], training=training)},
        lambda module, x: {"y": module(x["x"])},
        accepted=accepted,
    )


@pytest.mark.parametrize("layers", [False, True])
def test_rounding_is_accepted_by_name(layers):
    report = compare(parity_case((FLOAT32,)), ("forward", "backward"), layers=layers)
    assert report.passed
    assert max(row.error64 for row in report.rows) > 1e-10
    assert report.accepted == [FLOAT32]


def test_rounding_fails_otherwise():
    report = compare(parity_case(()), ("forward",))
    assert report.first_failure.only_rounded


def test_what_is_further_off_is_not_accepted():
    assert not compare(parity_case((FLOAT32,), 1.00001), ("forward",)).passed
