"""A block with one projection for queries, keys and values; Keras has three, and does one thing otherwise."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
from torch.nn import functional

from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.diagnosis.subjects.run import Target, TorchRun
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.testing import assert_equal_in_float64
from tfvc.weights import Concatenation, Entry, Layout

BATCH, TIME, HEADS, SIZE = 3, 5, 2, 6
WIDTH, HIDDEN, ROWS = HEADS * SIZE, 14, 11
MATRIX = Layout((1, 0))
ops, layers = keras.ops, keras.layers


class Block(torch.nn.Module):
    """Pre-norm, as GPT-2; or post-norm, as BERT."""

    def __init__(self, post):
        super().__init__()
        nn, self.post = torch.nn, post
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.fused, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)

    def attend(self, x):
        q, k, v = (y.unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for y in self.fused(x).chunk(3, -1))
        return self.out(functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))

    def forward(self, x):
        feed = lambda y: self.narrow(functional.gelu(self.wide(y)))  # noqa: E731
        if self.post:
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + feed(x))
        x = x + self.attend(self.norm1(x))
        return x + feed(self.norm2(x))


class Module(torch.nn.Module):
    def __init__(self, post):
        super().__init__()
        self.words = torch.nn.Embedding(ROWS, WIDTH)
        self.places = torch.nn.Parameter(torch.zeros(TIME, WIDTH))
        self.block = Block(post)

    def forward(self, ids):
        return self.block(self.words(ids) + self.places)


class KerasBlock(layers.Layer):
    def __init__(self, post, wrong):
        super().__init__(name="block")
        self.post, self.wrong = post, wrong
        self.norm1, self.norm2 = (layers.LayerNormalization(epsilon=1e-5, name=f"norm{i}") for i in (1, 2))
        self.three = [layers.Dense(WIDTH, name=name) for name in ("query", "key", "value")]
        self.out, self.narrow = layers.Dense(WIDTH, name="out"), layers.Dense(WIDTH, name="narrow")
        self.wide = layers.Dense(HIDDEN, name="wide")

    def attend(self, x):
        given = [project(x) for project in self.three]
        if self.wrong == "no bias of the values":
            given[2] = given[2] - self.three[2].bias
        if self.wrong == "coarse keys":
            given[1] = ops.cast(ops.cast(given[1], "bfloat16"), given[1].dtype)
        q, k, v = (ops.transpose(ops.reshape(y, (BATCH, TIME, HEADS, SIZE)), (0, 2, 1, 3)) for y in given)
        scale = 1.0 if self.wrong == "no scale" else SIZE**-0.5
        scores = q @ ops.transpose(k, (0, 1, 3, 2)) * np.asarray(scale, self.compute_dtype)
        if self.wrong != "no mask":
            scores = ops.where(np.tri(TIME, dtype=bool), scores, -1e30)
        y = ops.softmax(scores) @ v
        if self.wrong == "merged":
            return self.out(ops.reshape(y, (BATCH, TIME, WIDTH)))
        return self.out(ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (BATCH, TIME, WIDTH)))

    def feed(self, x):
        y = self.wide(x)
        if self.wrong == "bias of the wide twice":
            y = y + self.wide.bias
        return self.narrow(ops.silu(y) if self.wrong == "silu" else ops.gelu(y, approximate=False))

    def call(self, x):
        if self.post:
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.feed(x))
        x = x + self.attend(self.norm1(x))
        return x + self.feed(self.norm2(x))


class KerasModel(keras.Model):
    def __init__(self, post, wrong=""):
        super().__init__(name="model")
        self.wrong = wrong
        self.words = layers.Embedding(ROWS, WIDTH, name="words")
        self.places = self.add_weight(shape=(TIME, WIDTH), name="places")
        self.block = KerasBlock(post, wrong)

    def call(self, ids):
        if self.wrong == "ids":
            ids = (ids + 1) % ROWS
        places = {"places": ops.roll(self.places, -1, 0), "scaled": self.places * 3}.get(self.wrong, self.places)
        return self.block(self.words(ids) + places)


def entries(model, order=(0, 1, 2)):
    three = [model.block.three[i] for i in order]
    yield Entry("places", model.places)
    yield Entry("block.fused.weight", [x.kernel for x in three], MATRIX, variables_as=Concatenation())
    yield Entry("block.fused.bias", [x.bias for x in three], variables_as=Concatenation())


NAMES = ("norm1", "norm2", "out", "wide", "narrow")


def case(post=False, ours=None, wrong="", order=(0, 1, 2)):
    return ParityCase(
        "block",
        lambda: KerasModel(post if ours is None else ours, wrong),
        lambda: Module(post),
        LayerTable(
            {"words": "words", **{f"block.{name}": f"block.{name}" for name in NAMES}}, lambda m: entries(m, order)
        ),
        lambda rng: {"ids": rng.integers(0, ROWS, (BATCH, TIME))},
        lambda model, x, training: {"y": model(x["ids"])},
        lambda module, x: {"y": module(x["ids"])},
    )


def diagnosis(*args, **kwargs):
    report = compare(case(*args, **kwargs), ("forward",))
    assert not report.passed
    return report.diagnosis


def test_a_right_pair():
    assert compare(case(), ("forward",)).passed


@pytest.mark.parametrize(
    ("wrong", "culprit", "keras", "cause"),
    [
        ("no scale", "block", "block", "the scores are not scaled"),
        ("no mask", "block", "block", "the causal mask is not applied"),
        ("merged", "block", "block", "the axes that become one have the order (0, 2, 1, 3) of torch's"),
        ("no bias of the values", "block.fused", "value", "torch's block.fused.bias[24:36] left out"),
        ("coarse keys", "block.fused", "key", "kept in bfloat16"),
        ("silu", "block", "block", "there is a SiLU where torch has a GELU"),
        ("bias of the wide twice", "block", "block", "added twice"),
        ("places", "", "model", "places shifted by -1 along axis 0, its ends joined"),
        ("scaled", "", "model", "places times 3"),
        ("ids", "", "model", "each index"),
    ],
)
def test_what_happens_between_layers_is_named(wrong, culprit, keras, cause):
    found = diagnosis(wrong=wrong)
    assert cause in found.cause
    assert found.culprit == (culprit or "the whole model")
    assert found.keras.rpartition("/")[2] == keras
    assert found.evidence[0].explains


def test_projections_in_another_order():
    found = diagnosis(order=(1, 0, 2))
    assert (found.culprit, found.kind) == ("block", Fault.BETWEEN_LAYERS)
    assert found.cause.endswith("query and key are exchanged.")


@pytest.mark.parametrize(
    ("post", "norm", "cause"),
    [(True, "block.norm1", "in front of"), (False, "block.norm1", "stands behind what it should stand in front of")],
)
def test_the_order_of_norm_and_attention(post, norm, cause):
    found = diagnosis(post=post, ours=not post)
    assert (found.culprit, found.hypothesis) == ("block", "order of norm")
    assert found.cause.startswith(norm)
    assert cause in found.cause


def test_an_unknown_difference_has_no_cause():
    unknown = replace(
        case(),
        keras_forward=lambda model, x, training: {"y": ops.sin(model(x["ids"]) * 1.7) ** 3},
    )
    found = compare(unknown, ("forward",)).diagnosis
    assert not found.hypothesis


def test_two_layers_with_the_weights_of_each_other():
    exchanged = replace(
        case(),
        entries=LayerTable(
            {"words": "words", "block.norm1": "block.norm2", "block.norm2": "block.norm1"}
            | {f"block.{name}": f"block.{name}" for name in NAMES[2:]},
            entries,
        ),
    )
    found = compare(exchanged, ("forward",)).diagnosis
    assert (found.culprit, found.hypothesis) == ("block.norm1", "weights of another layer")
    assert "block.norm1 and block.norm2 have the weights of each other" in found.cause


class Gated(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other, self.out = (torch.nn.Linear(WIDTH, WIDTH) for _ in range(3))

    def forward(self, x):
        return self.out(self.one(x) * torch.sigmoid(self.other(x)))


class KerasGated(keras.Model):
    """The first layer is fed something else; the one beside it is fed right."""

    def __init__(self):
        super().__init__(name="model")
        self.one, self.other, self.out = (layers.Dense(WIDTH, name=name) for name in ("one", "other", "out"))

    def call(self, x):
        return self.out(self.one(x + ops.sin(x)) * ops.sigmoid(self.other(x)))


def test_a_layer_beside_one_that_is_fed_wrong_does_not_have_its_weights():
    beside = ParityCase(
        "gated",
        KerasGated,
        Gated,
        LayerTable({name: name for name in ("one", "other", "out")}),
        lambda rng: {"x": rng.standard_normal((BATCH, TIME, WIDTH))},
        lambda model, x, training: {"y": model(x["x"])},
        lambda module, x: {"y": module(x["x"])},
    )
    found = compare(beside, ("forward",)).diagnosis
    assert found.row.key == "input"
    assert found.hypothesis != "weights of another layer"


def test_a_run_leaves_the_model_as_it_is():
    """Its weights, and what it counts in training; a weight that a run writes into, as `max_norm` does, too."""

    def module():
        table = torch.nn.Embedding(ROWS, WIDTH, max_norm=0.5)
        return torch.nn.Sequential(table, torch.nn.Flatten(0, 1), torch.nn.BatchNorm1d(WIDTH))

    rng = np.random.default_rng(5)
    made = replace(case(), torch_module=module, torch_forward=lambda module, x: {"y": module(x["ids"])})
    side, output = TorchSide(made, "float64"), Target("y", is_output=True)
    before = {key: value.clone() for key, value in side.module.state_dict().items()}
    initial = {key: rng.uniform(1, 2, x.shape).astype(x.numpy().dtype) for key, x in before.items()}
    run = TorchRun(side, {"ids": rng.integers(0, ROWS, (BATCH, TIME))}, True, initial)
    first = run.tensor(output)
    changed = run.tensor(output, weights={"2.bias": run.weight("2.bias") + 1})
    assert_equal_in_float64(changed, first + 1)
    np.testing.assert_array_equal(run.tensor(output), first)
    assert np.array_equal(run.weight("0.weight").numpy(), initial["0.weight"])
    for key, value in side.module.state_dict().items():
        assert torch.equal(value, before[key]), key
