import keras
import numpy as np
import torch

from tfvc.parity.sides.keras_trace import traced as traced_keras
from tfvc.parity.sides.torch_trace import traced as traced_torch
from tfvc.parity.tracing.arguments import in_order_of
from tfvc.parity.tracing.structure import put_together

RNG = np.random.default_rng(4)


def calls(layer, module, keras_args, torch_args, **kwargs):
    """One call of each."""
    with traced_keras([layer]) as ours:
        layer(*map(keras.ops.convert_to_tensor, keras_args), **kwargs)
    with traced_torch({"": module}) as theirs:
        module(*map(torch.from_numpy, torch_args))
    return theirs[0], ours[0]


def test_arguments_of_the_same_names_have_torchs_order():
    query, key, value = (RNG.standard_normal((2, 3, 8)).astype(np.float32) for _ in range(3))
    layer, module = keras.layers.MultiHeadAttention(2, 4), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    before, ours = calls(layer, module, (query, value), (query, key, value), key=keras.ops.convert_to_tensor(key))
    ordered = in_order_of(before, ours)
    for found, expected in zip(ordered.inputs, (query, key, value), strict=True):
        np.testing.assert_array_equal(found, expected)
    args, kwargs = put_together(ordered.template, ["query", "key", "value"])
    assert (args, kwargs["key"]) == (("query", "value"), "key")


def test_arguments_of_other_names_stay_in_their_places():
    x = RNG.standard_normal((2, 3, 8)).astype(np.float32)
    theirs, ours = calls(keras.layers.Dense(4), torch.nn.Linear(8, 4), (x,), (x,))
    assert in_order_of(theirs, ours) is ours
