"""Tied and packed tensors, a constant and an ignored buffer, through the whole harness."""

import keras
import numpy as np
import pytest
import torch

from tfvc.common.errors import TfvcError
from tfvc.parity import LayerTable, ParityCase, compare
from tfvc.parity.findings.stage import StageKind
from tfvc.weights import Constant, Entry, Ignored, Tied

WORDS, SIZE, LENGTH = 7, 6, 5
TABLE = np.cos(np.arange(LENGTH * SIZE)).reshape(LENGTH, SIZE)


class Tagger(torch.nn.Module):
    """The output projection is the embedding; positions are computed."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(WORDS, SIZE)
        self.attention = torch.nn.MultiheadAttention(SIZE, 2, batch_first=True)
        self.act = torch.nn.Softmax(-1)
        self.head = torch.nn.Linear(SIZE, WORDS, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("mask", torch.ones(LENGTH, LENGTH))

    def forward(self, words):
        x = self.embed(words)
        x = x + torch.tensor(TABLE).to(x)
        return self.head(self.act(self.attention(x, x, x)[0]))


class KerasTagger(keras.Model):
    """The same of stock layers."""

    def __init__(self, exchanged: bool = False, stopped: bool = False):
        super().__init__()
        self.embedding = keras.layers.Embedding(WORDS, SIZE)
        self.attention = keras.layers.MultiHeadAttention(2, SIZE // 2)
        self.act = keras.layers.Softmax()
        table = keras.initializers.Constant(TABLE)
        self.positions = self.add_weight(name="positions", shape=TABLE.shape, initializer=table, trainable=False)
        self.exchanged, self.stopped = exchanged, stopped

    def call(self, words):
        x = self.embedding(words) + self.positions
        y = self.act(self.attention(x, x, x))
        weight = keras.ops.transpose(self.embedding.embeddings)
        return keras.ops.matmul(y, keras.ops.stop_gradient(weight) if self.stopped else weight)


def entries(model):
    yield Entry(("embed.weight", "head.weight"), model.embedding.embeddings, keys_as=Tied())
    yield Constant(model.positions)
    yield Ignored("mask")
    if model.exchanged:
        layers = [model.attention.key_dense, model.attention.query_dense, model.attention.value_dense]
        right = LayerTable({"attention": "attention"})(model)[0]
        kernels = [layer.kernel for layer in layers]
        yield Entry(right.keys, kernels, right.layout, variables_as=right.variables_as)


def case(**wrong) -> ParityCase:
    return ParityCase(
        "tagger",
        lambda: KerasTagger(**wrong),
        Tagger,
        LayerTable({"embed": "embedding", "attention": "attention"}, entries=lambda model: list(entries(model))),
        lambda rng: {"words": rng.integers(0, WORDS, (3, LENGTH))},
        keras_forward=lambda model, x, training: {"output": model(x["words"])},
    )


def test_tied_and_packed_weights_are_compared_forward_backward_and_in_training():
    report = compare(case(), steps=2, layers=True)
    report.raise_on_failure()
    assert report.ignored == ["mask"]
    keys = {row.key for row in report.rows if row.stage.kind is StageKind.WEIGHTS}
    assert {"embed.weight = head.weight", "attention.in_proj_weight", "attention.out_proj.bias"} <= keys
    layers = {layer.path: layer for layer in report.layers}
    assert {path: layers[path].paired_by for path in layers} == {
        "": "weights",
        "embed": "table",
        "attention": "table",
        "act": "position",
        "head": "",
    }
    assert [layer.path for layer in report.unpaired] == ["head"]
    assert {row.key for row in layers["attention"].local_backward} >= {"in_proj_weight", "in_proj_bias", "input.0"}
    assert {row.key for row in layers["embed"].local_backward} == {"weight"}


def test_query_and_key_exchanged():
    report = compare(case(exchanged=True), ("forward",))
    assert [layer.path for layer in report.culprits] == ["attention"]


def test_a_tied_gradient_that_lacks_a_part():
    report = compare(case(stopped=True), ("forward", "backward"))
    assert {row.key for row in report.failures} == {"embed.weight = head.weight"}


@pytest.mark.parametrize(
    ("left_out", "words"),
    [(Constant, "positions.* has 0 weight entries"), (Ignored, "no weight entry for mask")],
)
def test_what_one_side_lacks_is_declared(left_out, words):
    spoiled = case()
    table = LayerTable(spoiled.entries.layers, lambda model: [x for x in entries(model) if not isinstance(x, left_out)])
    with pytest.raises(TfvcError, match=words):
        compare(ParityCase("tagger", KerasTagger, Tagger, table, spoiled.inputs, spoiled.keras_forward), ("forward",))
