"""LSTM and GRU."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from parity_tests.mutations import network as net
from parity_tests.mutations.network import rearranged as moved
from parity_tests.mutations.network import with_part as part
from parity_tests.mutations.planted.mutation import BACKWARD, FORWARD, TRAIN, Mutation
from tfvc import layers
from tfvc.cases.layers import normal_inputs, without_training
from tfvc.layers.lstm import LSTMDirection
from tfvc.parity import LayerTable, OptimizerPair, ParityCase


def gates(order: list[int]) -> Callable[[np.ndarray], np.ndarray]:
    """Puts the four blocks of gates into another order."""
    return lambda x: np.concatenate([np.split(x, 4)[i] for i in order])


class ForwardOnly(LSTMDirection):
    """The output of the backward direction stays backwards."""

    def call(self, x):
        y = super().call(x)
        return tf.reverse(y, [0]) if self.reverse else y


class WithoutSecondBias(LSTMDirection):
    """Adds one of torch's two biases."""

    def call(self, x):
        bias, self.use_recurrent_bias = self.use_recurrent_bias, False
        try:
            return super().call(x)
        finally:
            self.use_recurrent_bias = bias


class UnitForgetBias(LSTMDirection):
    """Adds Keras's initial forget bias to what was loaded."""

    def call(self, x):
        ones = tf.concat([tf.zeros(self.units), tf.ones(self.units), tf.zeros(2 * self.units)], 0)
        before = tf.identity(self.bias)
        self.bias.assign(before + tf.cast(ones, before.dtype))
        try:
            return super().call(x)
        finally:
            self.bias.assign(before)


class OwnLoop(LSTMDirection):
    """The recurrence written out step by step, with a gate function and a cut gradient to choose."""

    gate = staticmethod(tf.sigmoid)
    cut = False

    def call(self, x):
        if self.reverse:
            x = tf.reverse(x, [0])
        z = tf.tensordot(x, tf.convert_to_tensor(self.kernel), 1) + self.bias + self.recurrent_bias
        h = c = tf.zeros([tf.shape(x)[1], self.units], x.dtype)
        states = []
        for t in range(x.shape[0]):
            if self.cut:
                c = tf.stop_gradient(c)
            i, f, g, o = tf.split(z[t] + tf.matmul(h, tf.convert_to_tensor(self.recurrent_kernel)), 4, axis=1)
            c = self.gate(f) * c + self.gate(i) * tf.tanh(g)
            h = self.gate(o) * tf.tanh(c)
            states.append(h)
        y = tf.stack(states)
        return tf.reverse(y, [0]) if self.reverse else y


class HardGates(OwnLoop):
    """The recurrent activation of Keras 2."""

    gate = staticmethod(lambda x: tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0))


class CutGradient(OwnLoop):
    """No gradient passes through the cell state."""

    cut = True


class OneByOne(layers.LSTM):
    """An LSTM whose directions run each on its own, so that one of them can be wrong."""

    def call(self, x):
        x = tf.transpose(x, [1, 0, 2])
        for layer in (self.directions[:2], self.directions[2:]):
            x = tf.concat([direction(x) for direction in layer], axis=-1)
        return tf.transpose(x, [1, 0, 2])


def lstm_of(direction: type[LSTMDirection]) -> Callable[[], layers.LSTM]:
    """AutoVC's encoder LSTM with other directions."""

    def make() -> layers.LSTM:
        lstm = OneByOne(32, num_layers=2, bidirectional=True)
        lstm.directions = [direction(32, d.reverse, name=d.name, dtype=d.dtype_policy) for d in lstm.directions]
        return lstm

    return make


def exchanged_directions(key: str) -> str:
    if not key.startswith("lstm."):
        return key
    return key.removesuffix("_reverse") if key.endswith("_reverse") else f"{key}_reverse"


def gru(right: bool = False, **settings: Any) -> ParityCase:
    """Keras's own GRU of 512 units beside torch's."""

    def torch_module():
        import torch

        return torch.nn.Sequential(torch.nn.Linear(80, 256), torch.nn.GRU(256, 512, batch_first=True))

    def keras_model():
        return keras.Sequential(
            [
                keras.Input((10, 80)),
                keras.layers.Dense(256, name="dense"),
                keras.layers.GRU(512, return_sequences=True, name="gru", **settings),
            ]
        )

    return ParityCase(
        "gru",
        keras_model,
        torch_module,
        LayerTable({"0": "dense", "1": "gru"}),
        normal_inputs(2, 10, 80),
        keras_forward=without_training,
    )


def gru_gates() -> ParityCase:
    """z and r are not exchanged."""
    exchange = lambda x: np.concatenate([np.split(x, 3)[i] for i in (1, 0, 2)])  # noqa: E731

    def rows(x):
        return np.stack([exchange(row) for row in x]) if x.ndim == 2 and x.shape[0] == 2 else exchange(x)

    return moved(gru(), "1.", rows)


def one_bias() -> ParityCase:
    """Keras's LSTM has one bias where torch trains two."""

    def torch_module():
        import torch

        return torch.nn.LSTM(80, 32, batch_first=True)

    return ParityCase(
        "stock lstm",
        lambda: keras.Sequential([keras.Input((6, 80)), keras.layers.LSTM(32, return_sequences=True, name="lstm")]),
        torch_module,
        LayerTable({"": "lstm"}),
        normal_inputs(2, 6, 80),
        keras_forward=without_training,
        optimizer=OptimizerPair(1e-3),
    )


MUTATIONS = [
    Mutation(
        "article: neck 44 against LSTM(32)",
        "sizes",
        lambda: part("lstm", lambda: layers.LSTM(44, num_layers=2, bidirectional=True)),
        FORWARD,
        "lstm",
        "size",
    ),
    Mutation(
        "LSTM: gates f and g exchanged",
        "LSTM",
        lambda: moved(net.NETWORK, "lstm.", gates([0, 2, 1, 3])),
        FORWARD,
        "lstm",
        "gates",
    ),
    Mutation(
        "LSTM: gates f and g exchanged in the recurrent kernel",
        "LSTM",
        lambda: moved(net.NETWORK, "lstm.weight_hh", gates([0, 2, 1, 3])),
        FORWARD,
        "lstm",
        "gates",
    ),
    Mutation(
        "LSTM: directions exchanged",
        "bidirectional",
        lambda: net.renamed(net.NETWORK, exchanged_directions),
        FORWARD,
        "lstm",
        "directions exchanged",
    ),
    Mutation(
        "LSTM: backward output not reversed",
        "bidirectional",
        lambda: part("lstm", lstm_of(ForwardOnly)),
        FORWARD,
        "lstm",
        "backward output",
    ),
    Mutation(
        "LSTM: second bias left out",
        "LSTM biases",
        lambda: part("lstm", lstm_of(WithoutSecondBias)),
        FORWARD,
        "lstm",
        "one bias left out",
    ),
    Mutation(
        "LSTM: forget bias of 1 added",
        "LSTM biases",
        lambda: part("lstm", lstm_of(UnitForgetBias)),
        FORWARD,
        "lstm",
        "unit forget bias",
    ),
    Mutation("LSTM: hard sigmoid", "LSTM", lambda: part("lstm", lstm_of(HardGates)), FORWARD, "lstm", "hard sigmoid"),
    Mutation(
        "LSTM: gradient cut", "LSTM", lambda: part("lstm", lstm_of(CutGradient)), BACKWARD, "lstm", "truncated gradient"
    ),
    Mutation("LSTM: one bias trained for two", "LSTM biases", one_bias, TRAIN, "optimizer", "one bias for two"),
    Mutation("GRU: reset before", "GRU", lambda: gru(reset_after=False), FORWARD, "1", "reset before"),
    Mutation("GRU: gates z and r exchanged", "GRU", gru_gates, FORWARD, "1", "gates"),
]
