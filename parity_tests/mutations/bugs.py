"""Small cases with one planted bug each; `mutations` has the many, at real sizes."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from parity_tests.mutations.network import rearranged
from tfvc.cases import layers
from tfvc.cases.autovc import autovc
from tfvc.layers import BatchNorm, Conv1D
from tfvc.models.autovc import AutoVC, AutoVCConfig, autovc_losses
from tfvc.parity import OptimizerPair, ParityCase
from tfvc.weights import Entry, entries_of

MINI = AutoVCConfig(neck=3, freq=4, n_mels=8, embedding=6, conv_channels=10, decoder_lstm1=9, decoder_lstm2=11)


def swapped_gates() -> ParityCase:
    """The LSTM's gates are read in the order i, g, f, o."""
    return rearranged(layers.lstm(), "", lambda x: x[_gates(x.shape[0])])


def _gates(rows: int) -> np.ndarray:
    return np.arange(rows).reshape(4, -1)[[0, 2, 1, 3]].ravel()


def swapped_directions() -> ParityCase:
    """The forward direction of a bidirectional LSTM gets the weights of the backward one."""
    case = layers.lstm(num_layers=1)

    def entries(layer):
        forward, backward = np.split(np.array(case.entries(layer), dtype=object), 2)
        return [
            replace(entry, keys=other.keys)
            for entry, other in zip([*forward, *backward], [*backward, *forward], strict=True)
        ]

    return replace(case, entries=entries)


def flipped_kernel() -> ParityCase:
    """The kernel runs backwards in time."""
    return rearranged(layers.conv1d(), "weight", lambda x: np.ascontiguousarray(x[..., ::-1]))


def keras_epsilon() -> ParityCase:
    """The batch norm constants of Keras."""
    return replace(layers.batch_norm(), keras_model=lambda: BatchNorm(epsilon=1e-3))


class KerasAdam(keras.optimizers.Adam):
    """Keras's own Adam, which adds epsilon before the bias correction."""

    @property
    def momentums(self):
        return self._momentums

    @property
    def velocities(self):
        return self._velocities


def adam_epsilon() -> ParityCase:
    pair = OptimizerPair(1e-2, keras_factory=lambda rate, clip: KerasAdam(rate, epsilon=1e-8))
    return replace(layers.dense(), optimizer=pair)


class ConvThenNorm(keras.layers.Layer):
    """A convolution whose bias vanishes in the batch norm behind it; the bias gets a gradient of its own."""

    def __init__(self, error: float, **kwargs):
        super().__init__(**kwargs)
        self.conv = Conv1D(7, 3, padding=1, use_bias=False)
        self.norm = BatchNorm()
        self.error = error

    def build(self, input_shape):
        self.conv.build(input_shape)
        self.norm.build((None, None, 7))
        self.bias = self.add_weight(name="bias", shape=(7,))

    def call(self, x, training=False):
        @tf.custom_gradient
        def add_bias(y, bias):
            def gradient(dy):
                return dy, tf.reduce_sum(dy, [0, 1]) + self.error * tf.reduce_sum(tf.abs(dy), [0, 1])

            return y + bias, gradient

        return self.norm(add_bias(self.conv(x), tf.convert_to_tensor(self.bias)), training=training)


def cancelling_bias(error: float) -> ParityCase:
    """A bias before a batch norm: its gradient is zero, plus `error` of the terms that cancel in it."""

    def torch_module():
        import torch

        return torch.nn.Sequential(torch.nn.Conv1d(5, 7, 3, padding=1), torch.nn.BatchNorm1d(7))

    def entries(layer):
        return [*entries_of("0", layer.conv), Entry("0.bias", layer.bias), *entries_of("1", layer.norm)]

    return replace(
        layers.batch_norm(3, 14, 5),
        name="convolution and batch norm",
        keras_model=lambda: ConvThenNorm(error),
        torch_module=torch_module,
        entries=entries,
    )


def content_loss_without_gradient() -> ParityCase:
    """The codes of the re-encoded output are taken for constants."""

    def keras_losses(model: AutoVC, x, training):
        decoded, refined, codes = model((x["mel"], x["source"], x["source"]), training=training)
        again = tf.stop_gradient(model.encode(refined, x["source"], training=training))
        return autovc_losses(x["mel"], decoded, refined, codes, again, 1.0)

    return replace(autovc(MINI, frames=10), keras_losses=keras_losses)


def upstream_broadcast_on_one_side() -> ParityCase:
    theirs = autovc(MINI, frames=10, upstream_broadcast=True)
    return replace(autovc(MINI, frames=10), torch_losses=theirs.torch_losses)
