"""Planted bugs: the ways in which a port goes wrong, each with the layer and the cause that a report must name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from parity_tests.mutations import network as net
from tfvc import layers
from tfvc.layers.lstm import LSTMDirection
from tfvc.parity import LayerTable, OptimizerPair, ParityCase
from tfvc.parity.cases.layers import layer_entries, normal_inputs, without_training
from tfvc.training.optimizers import Adam, AdamW
from tfvc.weights import Entry

FORWARD, BACKWARD, TRAIN = ("forward",), ("forward", "backward"), ("train",)


@dataclass(frozen=True)
class Mutation:
    """A planted bug.

    Attributes:
        name: in the kill matrix.
        difference: what it is an example of, a row of the differences between the frameworks.
        case: makes the pair with the bug in it.
        phases: those that are run.
        culprit: where the report must say that it is.
        cause: how the name of the hypothesis must begin; several where two names are right.
    """

    name: str
    difference: str
    case: Callable[[], ParityCase]
    phases: tuple[str, ...]
    culprit: str
    cause: str | tuple[str, ...]


# Batch norm


class KerasMomentum(layers.BatchNorm):
    """Takes Keras's momentum for torch's."""

    def __init__(self, **kwargs):
        super().__init__(momentum=0.9, **kwargs)


class BiasedVariance(layers.BatchNorm):
    """Keeps the biased variance, as Keras does."""

    def _values_per_channel(self, x):
        return tf.constant(1e30, x.dtype)


class AlwaysInference(layers.BatchNorm):
    """Called without `training`."""

    def call(self, x, training=False):
        return super().call(x, training=False)


class AlwaysTraining(layers.BatchNorm):
    """`training=True` written into the model; the running statistics are right, for they are moved in training only."""

    def call(self, x, training=False):
        mean, variance = tf.nn.moments(x, [0, 1])
        if training:
            return super().call(x, training=True)
        return (x - mean) * self.gamma * tf.math.rsqrt(variance + self.epsilon) + self.beta


class WithoutMeanGradient(layers.BatchNorm):
    """Takes the batch's mean for a constant in the gradient."""

    def _batch_statistics(self, x):
        mean, variance = super()._batch_statistics(x)
        return tf.stop_gradient(mean), variance


class UnbiasedNormalization(layers.BatchNorm):
    """Normalises by the unbiased variance."""

    def _batch_statistics(self, x):
        mean, variance = super()._batch_statistics(x)
        count = self._values_per_channel(x)
        return mean, variance * count / (count - 1)


class EpsilonOutside(layers.BatchNorm):
    """Adds epsilon to the root."""

    def call(self, x, training=False):
        mean, variance = self._batch_statistics(x) if training else (self.moving_mean, self.moving_variance)
        return (x - mean) / (tf.sqrt(tf.convert_to_tensor(variance)) + self.epsilon) * self.gamma + self.beta


class TimeBatchNorm(layers.BatchNorm):
    """`BatchNormalization` after a transpose: it normalises the time axis."""

    def call(self, x, training=False):
        return tf.transpose(super().call(tf.transpose(x, [0, 2, 1]), training=training), [0, 2, 1])


class HandWrittenBatchNorm(layers.BatchNorm):
    """The article's own: moments of the batch in both modes, scale and shift along time, no running statistics."""

    def call(self, x, training=False):
        x = tf.transpose(x, [0, 2, 1])  # channels first, as the article has it
        mean, variance = tf.nn.moments(x, [0, 2])
        y = (x - mean[None, :, None]) / tf.sqrt(variance[None, :, None] + self.epsilon)
        return tf.transpose(y * self.gamma + self.beta, [0, 2, 1])


class ConvAndNorm(keras.layers.Layer):
    """The last block of AutoVC's postnet: 512 to 80 channels."""

    def __init__(self, norm: Callable[[], Any], **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv1D(80, 5, padding=2)
        self.norm = norm()

    def call(self, x, training=False):
        return self.norm(self.conv(x), training=training)


def postnet_block(norm: Callable[[], Any]) -> ParityCase:
    """Of 80 frames, as many as channels: only so do the shapes let a norm over time pass."""

    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Conv1d(512, 80, 5, padding=2), nn.BatchNorm1d(80))

    def entries(model):
        pairs = (("0", model.conv), ("1", model.norm))
        return [Entry(f"{i}.{e.key}", e.variable, e.layout) for i, layer in pairs for e in layer_entries(layer)]

    from tfvc.parity.case import torch_call_channels_first

    return ParityCase(
        "postnet block",
        lambda: ConvAndNorm(norm),
        torch_module,
        entries,
        normal_inputs(2, 80, 512),
        torch_forward=torch_call_channels_first,
    )


# LSTM and GRU


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


def lstm_of(direction: type[LSTMDirection]) -> Callable[[], layers.LSTM]:
    """AutoVC's encoder LSTM with other directions."""

    def make() -> layers.LSTM:
        lstm = layers.LSTM(32, num_layers=2, bidirectional=True)
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
    case = gru()
    right = case.entries

    class Wrong(net.Rearranged):
        parts = property(lambda self: getattr(self.entry, "parts", ()))
        stacked = property(lambda self: self.entry.stacked)

        def join(self, arrays, gradient=False):
            return self.entry.join(arrays, gradient)

    def rows(x):
        return np.stack([exchange(row) for row in x]) if x.ndim == 2 and x.shape[0] == 2 else exchange(x)

    def entries(model):
        return [Wrong(e, rows, rows) if e.key.startswith("1.") else e for e in right(model)]

    return replace(case, entries=entries)


# Convolutions


class Shifted(layers.Conv1D):
    """Pads one frame more before and one less after."""

    def call(self, x):
        x = tf.pad(x, [[0, 0], [self.padding + 1, self.padding - 1], [0, 0]])
        y = tf.nn.convolution(x, tf.convert_to_tensor(self.kernel), padding="VALID")
        return y + self.bias


class WithoutBias(layers.Conv1D):
    """Has a bias and does not add it."""

    def call(self, x):
        return super().call(x) - self.bias


class WrongBackward(layers.Conv1D):
    """Right forward; the planted `custom_gradient` halves what goes back to the input."""

    def call(self, x):
        @tf.custom_gradient
        def halved(x):
            return tf.identity(x), lambda dy: dy / 2

        return super().call(halved(x))


class WrongKernelGradient(layers.Conv1D):
    """Right forward; the gradient of the kernel is that of the flipped one."""

    def call(self, x):
        @tf.custom_gradient
        def flipped(kernel):
            return tf.identity(kernel), lambda dk: tf.reverse(dk, [0])

        return self.apply_kernel(x, flipped(tf.convert_to_tensor(self.kernel)))


class AllAxes(layers.WeightNorm):
    """The length of v over all axes at once."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v * (self.g / tf.sqrt(tf.reduce_sum(tf.square(v))))


class ConstantLength(layers.WeightNorm):
    """The gradient takes the length of v for a constant."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v * (self.g / tf.stop_gradient(tf.sqrt(tf.reduce_sum(tf.square(v), axis=(0, 1), keepdims=True))))


class WithoutG(layers.WeightNorm):
    """Forgets g."""

    def normalized_kernel(self):
        v = tf.convert_to_tensor(self.v)
        return v / tf.sqrt(tf.reduce_sum(tf.square(v), axis=(0, 1), keepdims=True))


class CropsOneMore(layers.Conv1DTranspose):
    """Crops one sample more at the beginning, one less at the end."""

    def apply_kernel(self, x, kernel):
        y = super().apply_kernel(tf.pad(x, [[0, 0], [0, 1], [0, 0]]), kernel)
        return y[:, 1 : 1 + x.shape[1] * self.strides]


class Interleaved(layers.GroupedConv1D):
    """Takes every fourth channel for a group."""

    def apply_kernel(self, x, kernel):
        _, time, channels = x.shape
        x = tf.reshape(tf.transpose(tf.reshape(x, [-1, time, 4, channels // 4]), [0, 1, 3, 2]), [-1, time, channels])
        return super().apply_kernel(x, kernel)


# The rest


class Coarse(layers.Dense):
    """Multiplies in bfloat16 wherever float32 is asked for; right in float64."""

    def call(self, x):
        if self.compute_dtype == "float32":
            x = tf.cast(tf.cast(x, tf.bfloat16), tf.float32)
        return super().call(x)


class WithNan(layers.Dense):
    """Gives NaN in one place."""

    def call(self, x):
        y = super().call(x)
        return tf.where(tf.reshape(tf.range(tf.size(y)), tf.shape(y)) == 7, tf.cast(np.nan, y.dtype), y)


def layer_norm_epsilon() -> ParityCase:
    return ParityCase(
        "layer norm",
        lambda: net.DenseAndNorm(epsilon=1e-3),
        net.torch_dense_and_norm,
        LayerTable({"0": "first", "1": "norm", "2": "second"}),
        normal_inputs(2, 12, 80),
        keras_forward=without_training,
    )


def leaky_relu_layer() -> ParityCase:
    """LeakyReLU as a layer, with Keras's slope."""

    def torch_module():
        from torch import nn

        return nn.Sequential(nn.Linear(80, 512), nn.LeakyReLU(), nn.Linear(512, 80))

    def keras_model():
        return keras.Sequential(
            [
                keras.Input((12, 80)),
                keras.layers.Dense(512, name="first"),
                keras.layers.LeakyReLU(name="act"),
                keras.layers.Dense(80, name="second"),
            ]
        )

    return ParityCase(
        "leaky relu",
        keras_model,
        torch_module,
        LayerTable({"0": "first", "2": "second"}),
        normal_inputs(2, 12, 80),
        keras_forward=without_training,
    )


def spectrogram(**wrong: Any) -> ParityCase:
    """`torch.stft` beside `tf.signal.stft`, 1,024 and 256 samples, then 80 mels."""
    from parity_tests.mutations.spectrum import spectrum_case

    return spectrum_case(**wrong)


def losses(keras_loss: Callable, torch_loss: Callable) -> ParityCase:
    """The network with an L2 loss to its input and an L1 loss of weight 0.1."""

    return replace(
        net.NETWORK,
        keras_losses=lambda model, x, training: keras_loss(model(x["mel"], training=training), x["mel"]),
        torch_losses=lambda module, x: torch_loss(module(x["mel"]), x["mel"]),
    )


def torch_losses(y, x):
    square, absolute = (y - x).square().mean(), (y - x).abs().mean()
    return {"loss": square + 0.1 * absolute, "square": square, "absolute": absolute}


def keras_losses(weight: float = 0.1, mean: Callable = tf.reduce_mean, stop: Callable = lambda y: y) -> Callable:
    def compute(y, x):
        square, absolute = mean(tf.square(y - x)), tf.reduce_mean(tf.abs(stop(y) - x))
        return {"loss": square + weight * absolute, "square": square, "absolute": absolute}

    return compute


def sums_over_batch(x):
    return tf.reduce_sum(tf.reduce_mean(x, [1, 2]))


# Optimizers


class KerasAdam(keras.optimizers.Adam):
    """Keras's own, which adds epsilon before the bias correction."""


def adam(**settings: Any) -> ParityCase:
    """Our Adam with a wrong constant, beside torch's default."""
    rate = settings.pop("rate", 1.0)
    pair = OptimizerPair(1e-3, keras_factory=lambda r, clip: Adam(r * rate, **settings))
    return net.projection(pair)


def keras_adam() -> ParityCase:
    return net.projection(OptimizerPair(1e-3, keras_factory=lambda r, clip: KerasAdam(r, epsilon=1e-8)))


def clipping(**settings: Any) -> ParityCase:
    return net.projection(OptimizerPair(1e-3, clip_grad_norm=1e-3, keras_factory=lambda r, c: Adam(r, **settings)))


def adamw_decay() -> ParityCase:
    def torch_factory(parameters, rate):
        import torch

        return torch.optim.AdamW(parameters, lr=rate)

    pair = OptimizerPair(1e-3, keras_factory=lambda r, clip: AdamW(r, decay=4e-3), torch_factory=torch_factory)
    return net.projection(pair)


def coupled_decay() -> ParityCase:
    def torch_factory(parameters, rate):
        import torch

        return torch.optim.Adam(parameters, lr=rate, weight_decay=1e-2)

    return net.projection(OptimizerPair(1e-3, torch_factory=torch_factory))


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


def _list() -> list[Mutation]:
    bn, conv, rnn = "batch norm", "convolution", "LSTM"
    part, between, moved = net.with_part, net.with_between, net.rearranged
    square = {"filters": 512, "kernel_size": 5, "padding": 2}

    def wrapped(norm, layer):
        return lambda: norm(layer())

    up = lambda kind=layers.Conv1DTranspose: kind(32, 16, strides=8, padding=4)  # noqa: E731
    grouped = lambda kind=layers.GroupedConv1D: kind(128, 41, 4, strides=4, padding=20)  # noqa: E731
    flip = lambda x: np.ascontiguousarray(x[..., ::-1])  # noqa: E731
    roll, back = (lambda x: np.roll(x, 1, 0)), (lambda x: np.roll(x, -1, 0))
    swap = lambda x: np.ascontiguousarray(np.swapaxes(x, 0, 1))  # noqa: E731
    whole = "the whole model"
    rows = [
        (
            "batch norm: epsilon",
            bn,
            lambda: part("norm", lambda: layers.BatchNorm(epsilon=1e-3)),
            FORWARD,
            "norm",
            "epsilon",
        ),
        (
            "batch norm: momentum 0.01",
            bn,
            lambda: part("norm", lambda: layers.BatchNorm(momentum=0.01)),
            FORWARD,
            "norm",
            "momentum",
        ),
        ("batch norm: momentum reversed", bn, lambda: part("norm", KerasMomentum), FORWARD, "norm", "momentum"),
        (
            "batch norm: biased running variance",
            bn,
            lambda: part("norm", BiasedVariance),
            FORWARD,
            "norm",
            "biased running",
        ),
        (
            "batch norm: called without training",
            bn,
            lambda: part("norm", AlwaysInference),
            FORWARD,
            "norm",
            "training flag",
        ),
        (
            "batch norm: batch statistics in inference",
            bn,
            lambda: part("norm", AlwaysTraining),
            FORWARD,
            "norm",
            ("training flag", "batch norm: no running"),
        ),
        (
            "batch norm: mean left out of the gradient",
            bn,
            lambda: part("norm", WithoutMeanGradient),
            BACKWARD,
            "norm",
            "batch norm: gradient without the mean",
        ),
        (
            "batch norm: unbiased variance",
            bn,
            lambda: part("norm", UnbiasedNormalization),
            FORWARD,
            "norm",
            "batch norm: unbiased",
        ),
        (
            "batch norm: epsilon outside the root",
            bn,
            lambda: part("norm", EpsilonOutside),
            FORWARD,
            "norm",
            "batch norm: epsilon outside",
        ),
        ("article: batch norm over time", bn, lambda: postnet_block(TimeBatchNorm), FORWARD, "1", "batch norm: axes"),
        (
            "article: hand-written batch norm",
            bn,
            lambda: postnet_block(HandWrittenBatchNorm),
            FORWARD,
            "1",
            "batch norm: no running",
        ),
        (
            "article: neck 44 against LSTM(32)",
            "sizes",
            lambda: part("lstm", lambda: layers.LSTM(44, num_layers=2, bidirectional=True)),
            FORWARD,
            "lstm",
            "size",
        ),
        ("layer norm: epsilon", "layer norm", layer_norm_epsilon, FORWARD, "1", "epsilon"),
        (
            "LSTM: gates f and g exchanged",
            rnn,
            lambda: moved(net.NETWORK, "lstm.", gates([0, 2, 1, 3])),
            FORWARD,
            "lstm",
            "gates",
        ),
        (
            "LSTM: directions exchanged",
            "bidirectional",
            lambda: net.renamed(net.NETWORK, exchanged_directions),
            FORWARD,
            "lstm",
            "directions exchanged",
        ),
        (
            "LSTM: backward output not reversed",
            "bidirectional",
            lambda: part("lstm", lstm_of(ForwardOnly)),
            FORWARD,
            "lstm",
            "backward output",
        ),
        (
            "LSTM: second bias left out",
            "LSTM biases",
            lambda: part("lstm", lstm_of(WithoutSecondBias)),
            FORWARD,
            "lstm",
            "one bias left out",
        ),
        (
            "LSTM: forget bias of 1 added",
            "LSTM biases",
            lambda: part("lstm", lstm_of(UnitForgetBias)),
            FORWARD,
            "lstm",
            "unit forget bias",
        ),
        ("LSTM: hard sigmoid", rnn, lambda: part("lstm", lstm_of(HardGates)), FORWARD, "lstm", "hard sigmoid"),
        ("LSTM: gradient cut", rnn, lambda: part("lstm", lstm_of(CutGradient)), BACKWARD, "lstm", "truncated gradient"),
        ("LSTM: one bias trained for two", "LSTM biases", one_bias, TRAIN, "optimizer", "one bias for two"),
        ("GRU: reset before", "GRU", lambda: gru(reset_after=False), FORWARD, "1", "reset before"),
        ("GRU: gates z and r exchanged", "GRU", gru_gates, FORWARD, "1", "gates"),
        (
            "convolution: kernel flipped in time",
            conv,
            lambda: moved(net.NETWORK, "square.weight", flip),
            FORWARD,
            "square",
            "kernel flipped",
        ),
        (
            "convolution: in and out exchanged",
            conv,
            lambda: moved(net.NETWORK, "square.weight", swap),
            FORWARD,
            "square",
            "channels exchanged",
        ),
        (
            "convolution: channels rolled",
            conv,
            lambda: moved(net.NETWORK, "square.weight", roll, back),
            FORWARD,
            "square",
            "weight: roll",
        ),
        (
            "convolution: shifted by one frame",
            "same, stride 1, even k",
            lambda: part("square", lambda: Shifted(**square)),
            FORWARD,
            "square",
            "padding shifted",
        ),
        (
            "convolution: reflected padding",
            "padding",
            lambda: part("square", lambda: layers.Conv1D(**square, padding_mode="reflect")),
            FORWARD,
            "square",
            "padding mode",
        ),
        (
            "convolution: bias left out",
            conv,
            lambda: part("square", lambda: WithoutBias(**square)),
            FORWARD,
            "square",
            "bias left out",
        ),
        (
            "convolution: dilation",
            conv,
            lambda: part("square", lambda: layers.Conv1D(512, 5, padding=4, dilation_rate=2)),
            FORWARD,
            "square",
            "dilation",
        ),
        (
            "convolution: wrong gradient of the input",
            "custom gradient",
            lambda: part("square", lambda: WrongBackward(**square)),
            BACKWARD,
            "square",
            "gradient: scale",
        ),
        (
            "convolution: wrong gradient of the kernel",
            "custom gradient",
            lambda: part("square", lambda: WrongKernelGradient(**square)),
            BACKWARD,
            "square",
            "gradient: permutation",
        ),
        (
            "strided convolution: same padding",
            "same, stride > 1",
            lambda: part(
                "grouped",
                wrapped(layers.WeightNorm, lambda: layers.GroupedConv1D(128, 41, 4, strides=4, padding="same")),
            ),
            FORWARD,
            "grouped",
            "same padding",
        ),
        (
            "grouped convolution: groups interleaved",
            "grouped",
            lambda: part("grouped", wrapped(layers.WeightNorm, lambda: grouped(Interleaved))),
            FORWARD,
            "grouped",
            "groups interleaved",
        ),
        (
            "transposed convolution: shifted by a sample",
            "transposed",
            lambda: part("up", wrapped(layers.WeightNorm, lambda: up(CropsOneMore))),
            FORWARD,
            "up",
            "crop shifted",
        ),
        (
            "transposed convolution: kernel flipped",
            "transposed",
            lambda: moved(net.NETWORK, "up.parametrizations.weight.original1", flip),
            FORWARD,
            "up",
            ("kernel flipped", "weight: flip"),
        ),
        (
            "weight norm: over all axes",
            "weight norm",
            lambda: part("up", wrapped(AllAxes, up)),
            FORWARD,
            "up",
            "weight norm: axes",
        ),
        (
            "weight norm: without g",
            "weight norm",
            lambda: part("grouped", wrapped(WithoutG, grouped)),
            FORWARD,
            "grouped",
            ("weight norm", "weight: ones"),
        ),
        (
            "weight norm: length constant in the gradient",
            "weight norm",
            lambda: part("up", wrapped(ConstantLength, up)),
            BACKWARD,
            "up",
            "weight norm",
        ),
        (
            "pooling: padding not counted",
            "pooling",
            lambda: part("pool", lambda: layers.AveragePool1D(4, strides=2, padding=1, count_include_pad=False)),
            FORWARD,
            "pool",
            "padding counted",
        ),
        ("LeakyReLU: slope of the layer", "LeakyReLU", leaky_relu_layer, FORWARD, "1", "LeakyReLU slope"),
        (
            "LeakyReLU: slope between layers",
            "LeakyReLU",
            lambda: between("leaky", lambda x: layers.leaky_relu(x, 0.2)),
            FORWARD,
            whole,
            "function",
        ),
        ("ReLU forgotten", "activation", lambda: between("relu", lambda x: x), FORWARD, whole, "function"),
        (
            "frames shifted by one between layers",
            "shift",
            lambda: between("frames", lambda x: tf.pad(x[:, :-1], [[0, 0], [1, 0], [0, 0]])),
            FORWARD,
            whole,
            "shift",
        ),
        (
            "reshape for transpose",
            "layout",
            lambda: between("frames", lambda x: tf.reshape(tf.transpose(x, [0, 2, 1]), tf.shape(x))),
            FORWARD,
            whole,
            "reshape",
        ),
        (
            "halves of a concatenation exchanged",
            "bidirectional",
            lambda: between("residual", lambda x: tf.roll(x, 32, -1)),
            FORWARD,
            whole,
            "permutation",
        ),
        (
            "gradient stopped between layers",
            "stop_gradient",
            lambda: between("residual", tf.stop_gradient),
            BACKWARD,
            whole,
            "gradient stopped",
        ),
        (
            "dense: bfloat16",
            "TF32, mixed precision",
            lambda: part("head", lambda: Coarse(80)),
            FORWARD,
            "head",
            "precision: bfloat16",
        ),
        ("dense: one NaN", "NaN", lambda: part("head", lambda: WithNan(80)), FORWARD, "head", "not finite"),
        ("spectrogram: not centred", "STFT", lambda: spectrogram(center=False), FORWARD, "stft", "attribute"),
        (
            "spectrogram: rectangular window",
            "STFT",
            lambda: spectrogram(window="ones"),
            FORWARD,
            "stft",
            ("buffer", "weight"),
        ),
        ("mel matrix: HTK", "mel matrix", lambda: spectrogram(htk=True), FORWARD, "mel", "mel scale"),
        (
            "loss: sum over the batch",
            "losses",
            lambda: losses(keras_losses(mean=sums_over_batch), torch_losses),
            BACKWARD,
            "loss",
            "loss: sum",
        ),
        (
            "loss: weight of a term",
            "losses",
            lambda: losses(keras_losses(weight=1.0), torch_losses),
            BACKWARD,
            "loss",
            "loss: weight",
        ),
        (
            "loss: gradient of a term stopped",
            "stop_gradient",
            lambda: losses(keras_losses(stop=tf.stop_gradient), torch_losses),
            BACKWARD,
            "loss",
            "gradient",
        ),
        ("Adam: epsilon before the correction", "Adam", keras_adam, TRAIN, "optimizer", "epsilon hat"),
        ("Adam: epsilon 1e-5", "Adam", lambda: adam(epsilon=1e-5), TRAIN, "optimizer", "optimizer epsilon"),
        ("Adam: beta_2 0.99", "Adam", lambda: adam(beta_2=0.99), TRAIN, "optimizer", "beta_2"),
        (
            "Adam: learning rate 1 % too high",
            "learning rate",
            lambda: adam(rate=1.01),
            TRAIN,
            "optimizer",
            "learning rate",
        ),
        ("AdamW: decay 0.004", "AdamW", adamw_decay, TRAIN, "optimizer", "weight decay"),
        ("Adam: no L2 decay", "AdamW", coupled_decay, TRAIN, "optimizer", "coupled weight decay"),
        (
            "clipping: each variable by itself",
            "clipping",
            lambda: clipping(clipnorm=1e-3),
            TRAIN,
            "gradient clipping",
            "clipping: each",
        ),
        ("clipping: forgotten", "clipping", lambda: clipping(), TRAIN, "gradient clipping", "clipping: none"),
    ]
    return [Mutation(*row) for row in rows]


MUTATIONS = _list()
