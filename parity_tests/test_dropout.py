"""Dropout: switched off on both sides, and compared by what it would have dropped."""

import keras
import pytest
import tensorflow as tf
from torch import nn
from torch.nn import functional

from tfvc.parity import LayerTable, OptimizerPair, ParityCase, compare

WIDTH, HEADS, TIME = 12, 3, 7
TABLE = LayerTable({"first": "first", "attention": "attention", "rnn": ("rnn_0", "rnn_1"), "last": "last"})


class Theirs(nn.Module):
    """Every way in which torch drops: a module, a function, whole channels, in an attention and between LSTMs."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(0.1)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.2, batch_first=True)
        self.channels = nn.Dropout1d(0.4)
        self.rnn = nn.LSTM(WIDTH, 5, num_layers=2, dropout=0.3, batch_first=True, bidirectional=False)
        self.last = nn.Linear(5, 4)

    def forward(self, x):
        x = self.dropout(self.first(x))
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = self.channels(x.transpose(1, 2)).transpose(1, 2)
        x = functional.dropout(self.rnn(x)[0], 0.25, self.training)
        return functional.scaled_dot_product_attention(x, x, self.last(x), dropout_p=0.15 if self.training else 0.0)


class Ours(keras.Model):
    """The same of stock layers, whose rates can be given otherwise."""

    def __init__(self, first=0.1, attention=0.2, scores=0.15):
        super().__init__()
        self.first = keras.layers.Dense(WIDTH, name="first")
        self.dropout = keras.layers.Dropout(first, name="dropout")
        self.attention = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=attention, name="attention")
        self.channels = keras.layers.SpatialDropout1D(0.4)
        self.rnn_0, self.rnn_1 = (
            keras.layers.LSTM(5, return_sequences=True, name=f"rnn_{i}", use_cudnn=False) for i in range(2)
        )
        self.between = keras.layers.Dropout(0.3)
        self.last = keras.layers.Dense(4, name="last")
        self.scores = scores

    def call(self, x, training=False):
        x = self.dropout(self.first(x), training=training)
        x = x + self.attention(x, x, training=training)
        x = self.channels(x, training=training)
        x = self.rnn_1(self.between(self.rnn_0(x), training=training))
        x = tf.nn.dropout(x, 0.25) if training else x
        scores = keras.ops.softmax(keras.ops.einsum("bqd,bkd->bqk", x, x) / keras.ops.sqrt(keras.ops.cast(5, x.dtype)))
        scores = keras.random.dropout(scores, self.scores) if training else scores
        return keras.ops.einsum("bqk,bkd->bqd", scores, self.last(x))


def case(ours=Ours, accepted=()):
    return ParityCase(
        "dropouts",
        ours,
        Theirs,
        TABLE,
        lambda rng: {"x": rng.standard_normal((2, TIME, WIDTH))},
        keras_forward=lambda model, x, training: {"y": model(x["x"], training=training)},
        torch_forward=lambda module, x: {"y": module(x["x"])},
        optimizer=OptimizerPair(1e-3),
        accepted=("one bias for two", *accepted),
    )


def test_a_right_port_passes_as_it_is():
    report = compare(case(), steps=2, layers=True)
    report.raise_on_failure()
    assert [row.key for row in report.rows if row.stage.kind == "dropout"] == ["6 dropouts"]


@pytest.mark.parametrize(
    ("rates", "path", "ours", "cause"),
    [
        ({"first": 0.2}, "dropout", "dropout", "torch drops 0.1 of 168 elements here, Keras 0.2 of 168 elements"),
        ({"attention": 0.0}, "attention", "", "torch drops 0.2 of 294 elements here, Keras nothing"),
        ({"scores": 0.0}, "the whole model", "", "torch drops 0.15 of 98 elements here, Keras nothing"),
    ],
    ids=["rate", "missing in a layer", "missing in a function"],
)
def test_another_dropout_is_named(rates, path, ours, cause):
    report = compare(case(lambda: Ours(**rates)), ("forward",))
    (found,) = report.diagnoses
    assert (found.hypothesis, found.culprit, found.keras.rpartition("/")[2]) == ("dropout", path, ours)
    assert cause in found.cause


def test_it_is_named_by_a_backward_pass_alone():
    assert compare(case(lambda: Ours(first=0.2)), ("backward",)).diagnosis.hypothesis == "dropout"


def test_another_dropout_can_be_accepted():
    report = compare(case(lambda: Ours(first=0.0, scores=0.5), accepted=("dropout",)), steps=2)
    report.raise_on_failure()
    assert "dropout" in report.accepted


def test_a_wrong_layer_is_found_beside_a_wrong_dropout():
    class Wrong(Ours):
        def call(self, x, training=False):
            return super().call(1.5 * x, training=training)

    causes = [one.hypothesis for one in compare(case(lambda: Wrong(first=0.2)), ("forward",)).diagnoses]
    assert causes[-1] == "dropout"
    assert len(causes) > 1


def test_nothing_of_it_stays():
    before = tf.nn.dropout, tf.nn.experimental.stateless_dropout, keras.Operation.__call__
    compare(case(), ("forward",))
    assert before == (tf.nn.dropout, tf.nn.experimental.stateless_dropout, keras.Operation.__call__)
    assert float(tf.reduce_min(tf.nn.dropout(tf.ones(100), 0.5))) == 0.0


@pytest.mark.parametrize("kind", [keras.layers.AlphaDropout, keras.layers.GaussianNoise])
def test_layers_that_draw_for_themselves(kind):
    def ours():
        return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="dense"), kind(0.3)])

    pair = ParityCase(
        "noise",
        ours,
        lambda: nn.Sequential(nn.Linear(4, 3), nn.AlphaDropout(0.3)),
        LayerTable({"0": "dense"}),
        lambda rng: {"x": rng.standard_normal((5, 4))},
        keras_forward=lambda model, x, training: {"y": model(x["x"], training=training)},
        torch_forward=lambda module, x: {"y": module(x["x"])},
    )
    compare(pair).raise_on_failure()
    assert float(tf.math.reduce_std(ours()(tf.zeros((5, 4)), training=True))) > 0
