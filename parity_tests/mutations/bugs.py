"""Cases with one planted bug each, of the kind a port has."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf

from tfvc.layers import BatchNorm, Conv1D, Dense
from tfvc.models.autovc import AutoVC, AutoVCConfig, autovc_losses
from tfvc.parity import OptimizerPair, ParityCase
from tfvc.parity.cases import layers
from tfvc.parity.cases.autovc import autovc
from tfvc.weights import Entry
from tfvc.weights.layouts import CONV, SAME

MINI = AutoVCConfig(neck=3, freq=4, n_mels=8, embedding=6, conv_channels=10, decoder_lstm1=9, decoder_lstm2=11)


@dataclass(frozen=True)
class Rearranged:
    """A weight entry that crosses as it should and is then rearranged by mistake; `mistake` undoes itself."""

    entry: Entry
    mistake: Callable[[np.ndarray], np.ndarray]

    @property
    def key(self) -> str:
        return self.entry.key

    @property
    def variable(self) -> keras.Variable:
        return self.entry.variable

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        return self.mistake(self.entry.to_torch(array))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        return self.entry.to_keras(self.mistake(array))


def rearranged(case: ParityCase, mistake: Callable[[np.ndarray], np.ndarray], ending: str = "") -> ParityCase:
    def entries(layer):
        return [Rearranged(entry, mistake) if ending in entry.key else entry for entry in case.entries(layer)]

    return replace(case, entries=entries)


def swapped_gates() -> ParityCase:
    """The LSTM's gates are read in the order i, g, f, o."""
    return rearranged(layers.lstm(), lambda x: x[_gates(x.shape[0])])


def _gates(rows: int) -> np.ndarray:
    return np.arange(rows).reshape(4, -1)[[0, 2, 1, 3]].ravel()


def swapped_directions() -> ParityCase:
    """The forward direction of a bidirectional LSTM gets the weights of the backward one."""
    case = layers.lstm(num_layers=1)

    def entries(layer):
        forward, backward = np.split(np.array(case.entries(layer), dtype=object), 2)
        return [
            Entry(other.key, entry.variable, entry.layout)
            for entry, other in zip([*forward, *backward], [*backward, *forward], strict=True)
        ]

    return replace(case, entries=entries)


def flipped_kernel() -> ParityCase:
    """The kernel runs backwards in time."""
    return rearranged(layers.conv1d(), lambda x: np.ascontiguousarray(x[..., ::-1]), "weight")


class BiasedBatchNorm(BatchNorm):
    """Keeps the biased variance, as Keras does."""

    def _values_per_channel(self, x):
        return tf.constant(1e30, x.dtype)


def biased_running_variance() -> ParityCase:
    return replace(layers.batch_norm(), keras_model=BiasedBatchNorm)


class TimeBatchNorm(BatchNorm):
    """Normalises the time axis: `BatchNormalization` after a transpose, as in the Day15 article."""

    def call(self, x, training=False):
        return tf.transpose(super().call(tf.transpose(x, [0, 2, 1]), training=training), [0, 2, 1])


def batch_norm_over_time() -> ParityCase:
    """Only as many frames as channels let the shapes pass."""
    return replace(layers.batch_norm(3, 5, 5), keras_model=TimeBatchNorm)


class ForgetfulBatchNorm(BatchNorm):
    """Takes the batch's mean for a constant in the gradient."""

    def _batch_statistics(self, x):
        mean, variance = super()._batch_statistics(x)
        return tf.stop_gradient(mean), variance


def batch_norm_without_the_gradient_of_the_mean() -> ParityCase:
    return replace(layers.batch_norm(), keras_model=ForgetfulBatchNorm)


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


def clipping_by_variable() -> ParityCase:
    """`clipnorm` clips each variable by itself, `clip_grad_norm_` all of them together."""
    from tfvc.training.optimizers import Adam

    pair = OptimizerPair(clip_grad_norm=1e-3, keras_factory=lambda rate, clip: Adam(rate, clipnorm=clip))
    return replace(layers.dense(), optimizer=pair)


class ShiftedConv1D(Conv1D):
    """Pads one frame more before and one less after."""

    def call(self, x):
        return super().call(tf.roll(x, 1, axis=1))


def shifted_padding() -> ParityCase:
    return replace(layers.conv1d(), keras_model=lambda: ShiftedConv1D(7, 4, strides=3, padding=2))


def strided_same_padding() -> ParityCase:
    """ "same" with a stride above 1 depends on the length: equal to torch's padding 1 at 9 frames, not at 8."""

    return replace(
        layers.conv1d(time=8, kernel_size=3, strides=2, padding=1),
        keras_model=lambda: keras.layers.Conv1D(7, 3, strides=2, padding="same"),
        entries=lambda layer: [Entry("weight", layer.kernel, CONV), Entry("bias", layer.bias, SAME)],
    )


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
        conv = layers.layer_entries(layer.conv)[0]
        bias = layers.layer_entries(layer.norm)[1]
        return [
            Entry("0.weight", conv.variable, conv.layout),
            Entry("0.bias", layer.bias, bias.layout),
            *(Entry(f"1.{e.key}", e.variable, e.layout) for e in layers.layer_entries(layer.norm)),
        ]

    return replace(
        layers.batch_norm(3, 14, 5),
        name="convolution and batch norm",
        keras_model=lambda: ConvThenNorm(error),
        torch_module=torch_module,
        entries=entries,
    )


class CoarseDense(Dense):
    """Multiplies in bfloat16 wherever float32 is asked for; right in float64."""

    def call(self, x):
        if self.compute_dtype == "float32":
            x = tf.cast(tf.cast(x, tf.bfloat16), tf.float32)
        return super().call(x)


def lost_precision() -> ParityCase:
    return replace(layers.dense(), keras_model=lambda: CoarseDense(6))


class NanDense(Dense):
    """Gives NaN in one place."""

    def call(self, x):
        y = super().call(x)
        return tf.where(tf.reshape(tf.range(tf.size(y)), tf.shape(y)) == 0, tf.cast(np.nan, y.dtype), y)


def not_a_number() -> ParityCase:
    return replace(layers.dense(), keras_model=lambda: NanDense(6))


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
