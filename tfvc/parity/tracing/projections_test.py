import keras
import numpy as np
import pytest
import torch

from tfvc.parity.tracing.projections import projection_of
from tfvc.testing import assert_equal_in_float64
from tfvc.weights import Entry, entries_of
from tfvc.weights.layouts import Flattened


@pytest.mark.parametrize(
    ("equation", "shape", "output", "kernel_groups"),
    [
        ("abc,cde->abde", (3, 5, 7), (None, 3, 4), None),  # the query of an attention
        ("abcd,cde->abe", (3, 5, 3, 4), (None, 7), None),  # its output
        ("abc,cde->adbe", (3, 5, 7), (3, None, 4), None),  # heads in front of the time
        ("abcd,dec->abe", (3, 5, 3, 4), (None, 7), None),  # the kernel has its axes in an order of its own
        ("...x,xy->...y", (3, 5, 7), 4, None),
        ("abc,cde->abde", (3, 5, 7), (None, 3, 4), ((2, 1), (0,))),  # in torch the heads run fastest
        ("abcd,cde->abe", (3, 5, 4, 4), (None, 4), ((2,), (1, 0))),  # square, so that only the kernel says it
        ("abc,cde->abde", (3, 5, 7), (None, 3, 4), ((0,), (1, 2))),  # a matrix that is multiplied from the right
    ],
)
@torch.no_grad()
def test_tensors_cross_as_the_kernel_does(equation, shape, output, kernel_groups):
    layer = keras.layers.EinsumDense(equation, output, dtype="float64")
    layer.build(shape)
    entries = entries_of("", layer)
    if kernel_groups:
        entries = [Entry("weight", layer.kernel, Flattened.of(layer.kernel.shape, *kernel_groups))]
    projection = projection_of(layer, entries)
    weight = torch.from_numpy(entries[0].value())
    weight = weight.T if kernel_groups == ((0,), (1, 2)) else weight
    x = np.random.default_rng(6).standard_normal((3, 5, weight.shape[1]))
    expected = torch.nn.functional.linear(torch.from_numpy(x), weight).numpy()
    of_input = projection.of_input(x.shape, shape)
    y = np.asarray(layer(of_input.to_keras(x)))
    found = projection.of_output(expected.shape, y.shape).to_torch(y)
    assert_equal_in_float64(found, expected)


def test_what_is_no_projection_has_no_layouts():
    mixing, dense = keras.layers.EinsumDense("abc,bcd->abd", (5, 4)), keras.layers.Dense(4)
    for layer in (mixing, dense):
        layer.build((2, 5, 7))
        assert projection_of(layer, [Entry("weight", layer.kernel)]) is None
    query = keras.layers.EinsumDense("abc,cde->abde", (None, 3, 4))
    query.build((2, 5, 7))
    projection = projection_of(query, entries_of("", query))
    assert projection.of_input((2, 5, 8), (2, 5, 7)) is None
    assert projection.of_output((2, 60), (2, 5, 3, 4)) is None
