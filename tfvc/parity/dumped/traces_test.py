"""What is dumped of a layer's call: its inputs in an order that both sides know, and no masks."""

import keras
import numpy as np
import torch

from tfvc.parity.dumped.header import LayerOf
from tfvc.parity.dumped.traces import Traced, traces
from tfvc.parity.sides.keras_trace import traced as traced_keras
from tfvc.parity.sides.torch_trace import traced as traced_torch


def test_an_attention_is_dumped_without_masks_and_in_torchs_order():
    rng = np.random.default_rng(4)
    query, key, value = (rng.standard_normal((2, 3, 8)).astype(np.float32) for _ in range(3))
    layer, module = keras.layers.MultiHeadAttention(2, 4), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    seen = np.tril(np.ones((2, 3, 3), bool))
    with traced_keras([layer]) as ours:
        layer(*map(keras.ops.convert_to_tensor, (query, value)), key=key, attention_mask=seen)
    with traced_torch({"": module}) as theirs:
        module(*map(torch.from_numpy, (query, key, value)), attn_mask=torch.from_numpy(~seen[0]))
    for owner, calls, of_torch in ((layer, ours, False), (module, theirs, True)):
        (one,) = traces([Traced(LayerOf(path="attention"), (owner,))], calls, of_torch)
        assert list(one.arrays) == ["input.0", "input.1", "input.2", "output"]
        for name, expected in zip(one.arrays, (query, key, value), strict=False):
            np.testing.assert_array_equal(one.arrays[name], expected)
