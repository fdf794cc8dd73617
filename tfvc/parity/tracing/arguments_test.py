import keras
import numpy as np
import torch

from tfvc.parity.sides.keras_trace import traced as traced_keras
from tfvc.parity.sides.structure import put_together
from tfvc.parity.sides.torch_trace import traced as traced_torch
from tfvc.parity.tracing.arguments import aligned, alone

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
    _, ordered = aligned(before, ours)
    for found, expected in zip(ordered.inputs, (query, key, value), strict=True):
        np.testing.assert_array_equal(found, expected)
    args, kwargs = put_together(ordered.template, ["query", "key", "value"])
    assert (args, kwargs["key"]) == (("query", "value"), "key")


def test_arguments_of_other_names_stay_in_their_places():
    x = RNG.standard_normal((2, 3, 8)).astype(np.float32)
    theirs, ours = calls(keras.layers.Dense(4), torch.nn.Linear(8, 4), (x,), (x,))
    for call in aligned(theirs, ours):
        np.testing.assert_array_equal(call.inputs[0], x)
        assert not call.own


class Gated(torch.nn.Module):
    """Somebody's module, which takes a mask as one of its inputs."""

    def forward(self, x, x_mask):
        return x * x_mask


class KerasGated(keras.layers.Layer):
    def call(self, x, x_mask):
        return x * x_mask


def test_masks_are_set_aside_where_torchs_own_module_takes_them():
    """True is what is seen in Keras, what is not in torch; one mask may be two, a flag, or none."""
    query, seen = RNG.standard_normal((2, 5, 8)).astype(np.float32), RNG.random((2, 5)) < 0.7
    layer, module = keras.layers.MultiHeadAttention(2, 4), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    with traced_torch({"": module}) as theirs:
        x = torch.from_numpy(query)
        module(x, x, x, key_padding_mask=torch.from_numpy(~seen), attn_mask=torch.ones(5, 5).triu(1).bool())
    with traced_keras([layer]) as ours:
        layer(query, query, attention_mask=seen[:, None], use_causal_mask=True)
    of_torch, of_keras = aligned(theirs[0], ours[0])
    assert [len(of_torch.inputs), len(of_keras.inputs)] == [3, 3]
    assert [len(of_torch.own), len(of_keras.own)] == [2, 1]
    args, kwargs = of_torch.arguments("qkv", as_tensor=lambda mask: tuple(mask.shape))
    assert (args, kwargs) == (("q", "k", "v"), {"key_padding_mask": (2, 5), "attn_mask": (5, 5)})
    args, kwargs = of_keras.arguments("qkv", as_tensor=lambda mask: tuple(mask.shape))
    assert (args, kwargs["key"], kwargs["attention_mask"]) == (("q", "v"), "k", (2, 1, 5))


def test_a_mask_that_both_take_alike_stays_an_input():
    x, mask = RNG.standard_normal((2, 3, 8)).astype(np.float32), np.ones((2, 3, 1), np.float32)
    for call in aligned(*calls(KerasGated(), Gated(), (x, mask), (x, mask))):
        assert len(call.inputs) == 2
        assert not call.own


def test_a_call_alone_has_no_masks_and_an_attention_torchs_order():
    """As two processes write it: each without the other's call beside it."""
    query, key, value = (RNG.standard_normal((2, 3, 8)).astype(np.float32) for _ in range(3))
    layer, module = keras.layers.MultiHeadAttention(2, 4), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    seen = np.tril(np.ones((2, 3, 3), bool))
    with traced_keras([layer]) as ours:
        layer(*map(keras.ops.convert_to_tensor, (query, value)), key=key, attention_mask=seen)
    with traced_torch({"": module}) as theirs:
        module(*map(torch.from_numpy, (query, key, value)), attn_mask=torch.from_numpy(~seen[0]))
    for call in (alone(theirs[0], "forward"), alone(ours[0], "call")):
        assert len(call.inputs) == 3
        for found, expected in zip(call.inputs, (query, key, value), strict=True):
            np.testing.assert_array_equal(found, expected)
