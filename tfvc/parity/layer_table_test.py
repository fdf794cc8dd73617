"""Tables of layers: how a layer may be named, and what entries beside a table take the place of."""

import keras
import pytest

from tfvc.common.errors import TfvcError
from tfvc.parity import LayerTable
from tfvc.parity.drafting.matching import match
from tfvc.weights import Entry, Ignored, WeightError


class Scale(keras.layers.Layer):
    """Of a kind that nobody registers."""

    def build(self, shape):
        self.gain = self.add_weight(shape=shape[-1:], name="gain")

    def call(self, x):
        return x * self.gain


class Block(keras.layers.Layer):
    """Its layers are called alike in every block."""

    def build(self, shape):
        self.dense = keras.layers.Dense(shape[-1], name="dense")
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)


def model():
    inputs = keras.Input((7,))
    x = Block(name="second")(Block(name="first")(inputs))
    x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, Scale(name="scale")(x))


def test_a_layer_is_named_by_its_path():
    """A functional model has no attributes that lead to its layers."""
    port = model()
    found = LayerTable({"a": "second/dense", "b": "first/dense"}).resolve(port)
    assert found == {"a": [port.get_layer("second").dense], "b": [port.get_layer("first").dense]}
    with pytest.raises(TfvcError, match="2 layers are called 'dense'"):
        LayerTable({"a": "dense"}).resolve(port)


def test_a_draft_names_layers_that_are_called_alike():
    from torch import nn

    module = nn.Sequential(nn.Linear(7, 7), nn.Linear(7, 7))
    port = model()
    table = {one.path: one.layers for one in match(module, port).matches}
    assert table == {"0": ("first/dense",), "1": ("second/dense",)}


def test_a_layer_of_an_unknown_kind_needs_entries():
    port = model()
    with pytest.raises(WeightError, match="scale: no table says"):
        LayerTable({"scale": "scale"})(port)
    entry = Entry("scale.gain", port.get_layer("scale").gain)
    assert LayerTable({"scale": "scale"}, lambda model: [entry])(port) == [entry]


def test_what_is_ignored_may_be_said_again():
    port = model()
    again = Ignored("norm.num_batches_tracked")
    declared = LayerTable({"norm": "norm"}, lambda model: [again])(port)
    assert declared.count(again) == 1
    assert len(declared) == 5
