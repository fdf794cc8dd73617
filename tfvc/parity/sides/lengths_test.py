import numpy as np
import pytest
import tensorflow as tf
import torch

from tfvc.parity.sides.lengths import array_without_padding, keras_without_padding, torch_without_padding

RNG = np.random.default_rng(3)
OUTPUTS = {"z": RNG.standard_normal((3, 6, 4)), "map": RNG.standard_normal((3, 4, 6)), "free": np.ones((3, 2))}
INPUTS = {"rows": np.array([6, 0, 2], np.int32), "columns": np.array([1, 5, 6])}
LENGTHS = {"z": "rows", "map": (None, "columns")}


def expected():
    z, grid = OUTPUTS["z"].copy(), OUTPUTS["map"].copy()
    for row in range(3):
        z[row, INPUTS["rows"][row] :] = 0
        grid[row, :, INPUTS["columns"][row] :] = 0
    return {"z": z, "map": grid, "free": OUTPUTS["free"]}


@pytest.mark.parametrize(
    ("cut", "tensor"),
    [
        (array_without_padding, np.asarray),
        (torch_without_padding, torch.tensor),
        (keras_without_padding, tf.constant),
        (tf.function(keras_without_padding, autograph=False), tf.constant),
    ],
    ids=["numpy", "torch", "keras", "keras in a graph"],
)
def test_what_lies_behind_a_length_is_zero(cut, tensor):
    outputs, inputs = ({name: tensor(x) for name, x in of.items()} for of in (OUTPUTS, INPUTS))
    found = cut(outputs, inputs, LENGTHS)
    for name, wanted in expected().items():
        np.testing.assert_array_equal(np.asarray(found[name]), wanted, err_msg=name)
