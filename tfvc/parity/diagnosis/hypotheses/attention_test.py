"""An attention over the weights of `keras.layers.MultiHeadAttention`, right and wrong in each known way."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import torch

from tfvc.parity import LayerTable, ParityCase, compare

BATCH, TIME, HEADS, SIZE = 3, 5, 2, 8
FEATURES = HEADS * SIZE
NEAR = np.abs(np.subtract.outer(np.arange(TIME), np.arange(TIME))) < 2
PAST = np.tril(np.ones((TIME, TIME), bool))
# No query is left without a key.
SEEN = np.arange(TIME) < np.array([[5], [3], [4]])
ops = keras.ops


class Attention(keras.layers.MultiHeadAttention):
    """The equations written out, one of them another."""

    def __init__(self, wrong: str = "", **kwargs):
        super().__init__(HEADS, SIZE, **kwargs)
        self.wrong = wrong

    def _compute_attention(self, query, key, value, attention_mask=None, *args, **kwargs):
        is_wrong = self.wrong.__eq__
        scale = {"scale": 1.0, "of all features": FEATURES**-0.5, "odd scale": 0.37}.get(self.wrong, SIZE**-0.5)
        if is_wrong("exchanged"):
            query, key = key, query
        scores = ops.einsum("bqhd,bkhd->bhqk", query, key) * np.asarray(scale, self.compute_dtype)
        seen = None if attention_mask is None else ops.expand_dims(attention_mask, 1)
        if is_wrong("causal"):
            scores = ops.where(PAST, scores, -1e30)
        if seen is not None and is_wrong("added"):
            scores = scores + ops.cast(seen, scores.dtype)
        elif seen is not None and is_wrong("multiplied"):
            scores = scores * ops.cast(seen, scores.dtype)
        elif seen is not None and not is_wrong("after"):
            scores = ops.where(seen, scores, -1e30)
        weights = ops.softmax(scores, -2 if is_wrong("axis") else -1)
        if is_wrong("after"):
            weights = weights * ops.cast(seen, scores.dtype)
        y = ops.einsum("bhqk,bkhd->bqhd", weights, value)
        if is_wrong("merged"):
            y = ops.reshape(ops.transpose(y, (0, 2, 1, 3)), ops.shape(y))
        if is_wrong("cubed"):
            y = y**3
        if is_wrong("interleaved"):
            y = ops.reshape(ops.transpose(y, (0, 1, 3, 2)), ops.shape(y))
        return y, weights


class Model(keras.Model):
    def __init__(self, attention: keras.layers.Layer, **arguments):
        super().__init__()
        self.enter = keras.layers.Dense(FEATURES, name="enter")
        self.attention, self.arguments = attention, arguments

    def call(self, x):
        y = self.enter(x)
        return self.attention(y, y, **self.arguments)


class Module(torch.nn.Module):
    def __init__(self, batch_first: bool, **arguments):
        super().__init__()
        self.enter = torch.nn.Linear(4, FEATURES)
        self.attention = torch.nn.MultiheadAttention(FEATURES, HEADS, batch_first=batch_first)
        self.batch_first, self.arguments = batch_first, arguments

    def forward(self, x):
        y = self.enter(x)
        y = y if self.batch_first else y.transpose(0, 1)
        masks = {name: torch.from_numpy(mask) for name, mask in self.arguments.items()}
        masks = {name: mask.to(y) if mask.is_floating_point() else mask for name, mask in masks.items()}
        y, _ = self.attention(y, y, y, **masks, need_weights=False)
        return y if self.batch_first else y.transpose(0, 1)


def report(make, masks, batch_first=True, layers=False, **arguments):
    return compare(parity_case(make, masks, batch_first, arguments), ("forward", "backward"), layers=layers)


def parity_case(make, masks, batch_first, arguments) -> ParityCase:
    return ParityCase(
        "attention",
        lambda: Model(make(), **{name: ops.convert_to_tensor(mask) for name, mask in arguments.items()}),
        lambda: Module(batch_first, **masks),
        LayerTable({"enter": "enter", "attention": "attention"}),
        lambda rng: {"x": rng.standard_normal((BATCH, TIME, 4))},
        keras_forward=lambda model, x, training: {"output": model(x["x"])},
    )


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    ("masks", "arguments"),
    [
        ({}, {}),
        ({"attn_mask": ~NEAR}, {"attention_mask": NEAR[None]}),
        ({"attn_mask": np.where(NEAR, 0, -np.inf).astype(np.float32)}, {"attention_mask": NEAR[None]}),
        ({"key_padding_mask": ~SEEN}, {"attention_mask": SEEN[:, None]}),
        ({"attn_mask": ~PAST, "key_padding_mask": ~SEEN}, {"attention_mask": PAST & SEEN[:, None]}),
    ],
    ids=["none", "attn", "attn in numbers", "padding", "both"],
)
def test_a_right_attention_is_run_by_itself(masks, arguments, batch_first):
    found = report(Attention, masks, batch_first, layers=True, **arguments)
    found.raise_on_failure()
    layer = next(layer for layer in found.layers if layer.path == "attention")
    assert {row.key for row in layer.local_forward} == {"output"}
    assert {row.key for row in layer.local_backward} >= {"input.0", "input.1", "input.2", "in_proj_weight"}


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        ("scale", "The scores are not scaled (times 1)"),
        ("of all features", "The scores are divided by the root of all features"),
        ("odd scale", "The scores have another scale (times 0.37)"),
        ("exchanged", "The packed projections are read in the order key, query, value"),
        ("causal", "Later keys are hidden"),
        ("added", "attn_mask is added to the scores as 1 for what is seen"),
        ("multiplied", "The scores are 0 where attn_mask hides"),
        ("after", "attn_mask is applied behind the softmax"),
        ("axis", "The softmax is taken over the queries"),
        ("merged", "Heads are put together by a reshape without a transpose."),
        ("interleaved", "The features of all heads are interleaved."),
    ],
)
def test_a_wrong_equation_is_named(wrong, cause):
    found = report(lambda: Attention(wrong), {"attn_mask": ~NEAR}, attention_mask=NEAR[None])
    assert found.diagnosis.culprit == "attention"
    assert found.diagnosis.cause.startswith(cause)


@pytest.mark.parametrize(
    ("masks", "arguments", "cause"),
    [
        ({"attn_mask": ~NEAR}, {"attention_mask": ~NEAR[None]}, "attn_mask is inverted"),
        ({"attn_mask": ~NEAR}, {}, "attn_mask is not applied"),
        ({"attn_mask": ~PAST}, {"attention_mask": PAST.T[None]}, "attn_mask hides queries where torch's hides keys"),
        ({"key_padding_mask": ~SEEN}, {"attention_mask": ~SEEN[:, None]}, "key_padding_mask is inverted"),
        ({"key_padding_mask": ~SEEN}, {"attention_mask": SEEN[:, :, None]}, "key_padding_mask hides queries"),
        (
            {"attn_mask": ~PAST, "key_padding_mask": ~SEEN},
            {"attention_mask": SEEN[:, None]},
            "attn_mask is not applied",
        ),
        (
            {"attn_mask": ~PAST, "key_padding_mask": ~SEEN},
            {"attention_mask": PAST | SEEN[:, None]},
            "Only what attn_mask and key_padding_mask both hide is hidden",
        ),
        ({}, {"attention_mask": SEEN[:, None]}, "The layer is given a mask of shape (3, 1, 5)"),
    ],
)
def test_a_wrong_mask_is_named(masks, arguments, cause):
    found = report(Attention, masks, **arguments)
    assert found.diagnosis.culprit == "attention"
    assert found.diagnosis.cause.startswith(cause)


def test_a_float_mask_may_be_missing():
    found = report(Attention, {"attn_mask": np.where(NEAR, 0, -np.inf)})
    assert found.diagnosis.cause == "attn_mask is not applied."


def test_time_and_batch_exchanged():
    """The port goes on in torch's [time, batch, features]."""

    class Later(Model):
        def call(self, x):
            y = ops.transpose(self.enter(x), (1, 0, 2))
            return ops.transpose(self.attention(y, y), (1, 0, 2))

    case = replace(parity_case(Attention, {}, False, {}), keras_model=lambda: Later(Attention()))
    found = compare(case, ("forward",))
    assert found.diagnosis.culprit == "attention"
    assert found.diagnosis.cause.startswith("The layer attends over axis 1; with batch_first=False")


def test_an_unknown_difference_has_no_cause():
    found = report(lambda: Attention("cubed"), {"attn_mask": ~NEAR}, attention_mask=NEAR[None])
    assert found.diagnosis.culprit == "attention"
    assert not found.diagnosis.hypothesis
