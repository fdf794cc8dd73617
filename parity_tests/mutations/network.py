"""The networks that bugs are planted in: layers of the models' real sizes, of few frames.

`NETWORK` has one of each layer of the voice models: convolutions and batch norm of 512 channels and a bidirectional
LSTM of 32 units (AutoVC), a transposed convolution by 8 and a grouped convolution of 41 taps, both weight-normed
(MelGAN), pooling, a projection. A bug replaces one part on the Keras side; the others stay right, so that a harness has
something to choose from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc import layers
from tfvc.cases.layers import layer_entries
from tfvc.parity import OptimizerPair, ParityCase
from tfvc.parity.case import Tensors
from tfvc.weights import Declared, Entry, Layout

FRAMES, MELS = 12, 80

Parts = Mapping[str, Callable[[], Any]]

PARTS: Parts = {
    "conv": lambda: layers.Conv1D(512, 5, padding=2, use_bias=False),
    "norm": layers.BatchNorm,
    "square": lambda: layers.Conv1D(512, 5, padding=2),
    "lstm": lambda: layers.LSTM(32, num_layers=2, bidirectional=True),
    "up": lambda: layers.WeightNorm(layers.Conv1DTranspose(32, 16, strides=8, padding=4)),
    "grouped": lambda: layers.WeightNorm(layers.GroupedConv1D(128, 41, 4, strides=4, padding=20)),
    "pool": lambda: layers.AveragePool1D(4, strides=2, padding=1),
    "head": lambda: layers.Dense(80),
}


class Network(keras.layers.Layer):
    """mel `[batch, frames, 80]` -> `[batch, frames, 80]`; `between` may replace what happens between layers."""

    def __init__(self, parts: Parts, between: Mapping[str, Callable] | None = None, **kwargs):
        super().__init__(**kwargs)
        for name, make in parts.items():
            setattr(self, name, make())
        self.between = {**BETWEEN, **(between or {})}

    def call(self, mel, training=False):
        x = self.norm(self.conv(mel), training=training)
        x = self.square(self.between["relu"](x))
        x = self.lstm(self.between["leaky"](x))
        y = self.up(self.between["residual"](x))
        y = self.grouped(layers.leaky_relu(y, 0.2))
        return self.head(self.between["frames"](self.pool(y)))


BETWEEN: Mapping[str, Callable] = {
    "relu": tf.nn.relu,
    "leaky": lambda x: layers.leaky_relu(x, 0.01),
    "residual": lambda x: x,
    "frames": lambda x: x,
}


def torch_network() -> Any:
    """The same in torch's own style."""
    import torch
    from torch import nn
    from torch.nn import functional
    from torch.nn.utils import parametrizations

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(MELS, 512, 5, padding=2, bias=False)
            self.norm = nn.BatchNorm1d(512)
            self.square = nn.Conv1d(512, 512, 5, padding=2)
            self.lstm = nn.LSTM(512, 32, num_layers=2, batch_first=True, bidirectional=True)
            self.up = parametrizations.weight_norm(nn.ConvTranspose1d(64, 32, 16, stride=8, padding=4))
            self.grouped = parametrizations.weight_norm(nn.Conv1d(32, 128, 41, stride=4, padding=20, groups=4))
            self.pool = nn.AvgPool1d(4, stride=2, padding=1)
            self.head = nn.Linear(128, 80)

        def forward(self, mel: torch.Tensor) -> torch.Tensor:
            x = self.norm(self.conv(mel.transpose(1, 2)))
            x = self.square(functional.relu(x))
            x, _ = self.lstm(functional.leaky_relu(x, 0.01).transpose(1, 2))
            y = self.up(x.transpose(1, 2))
            y = self.grouped(functional.leaky_relu(y, 0.2))
            return self.head(self.pool(y).transpose(1, 2))

    return Net()


def network_entries(model: Network) -> list[Declared]:
    """The weights of all parts, under torch's newer spelling of weight norm."""
    spelling = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    return [
        entry.renamed(lambda key, name=name: f"{name}.{spelling.get(key, key)}")
        for name in PARTS
        for entry in layer_entries(getattr(model, name))
    ]


def mels(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"mel": rng.standard_normal((2, FRAMES, MELS))}


NETWORK = ParityCase("network", lambda: Network(PARTS), torch_network, network_entries, mels)


def with_part(name: str, make: Callable[[], Any]) -> ParityCase:
    """The network with another layer in one place."""
    return replace(NETWORK, keras_model=lambda: Network({**PARTS, name: make}))


def with_between(name: str, function: Callable) -> ParityCase:
    """The network with something else between two layers."""
    return replace(NETWORK, keras_model=lambda: Network(PARTS, {name: function}))


@dataclass(frozen=True)
class Rearranged:
    """A layout that crosses as it should, of a tensor that is rearranged by mistake."""

    layout: Layout
    mistake: Callable[[np.ndarray], np.ndarray]
    undo: Callable[[np.ndarray], np.ndarray]

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        return self.undo(self.layout.to_torch(array))

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        return self.layout.to_keras(self.mistake(array))


def rearranged(case: ParityCase, part: str, mistake: Callable, undo: Callable | None = None) -> ParityCase:
    """A case whose weight map is wrong for the keys that contain `part`; without `undo` the mistake undoes itself."""
    right = case.entries

    def wrong(entry: Entry) -> Entry:
        return replace(entry, layout=Rearranged(entry.layout, mistake, undo or mistake))

    return replace(case, entries=lambda model: [wrong(e) if part in e.name else e for e in right(model)])


def renamed(case: ParityCase, other: Callable[[str], str]) -> ParityCase:
    """A case whose weight map names other keys."""
    right = case.entries
    return replace(case, entries=lambda model: [entry.renamed(other) for entry in right(model)])


class DenseAndNorm(keras.layers.Layer):
    """A projection of 512 to 512, layer norm, and a second: stock Keras layers."""

    def __init__(self, epsilon: float, **kwargs):
        super().__init__(**kwargs)
        self.first = keras.layers.Dense(512)
        self.norm = keras.layers.LayerNormalization(epsilon=epsilon)
        self.second = keras.layers.Dense(80)

    def call(self, x):
        return self.second(self.norm(self.first(x)))


def torch_dense_and_norm() -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(80, 512), nn.LayerNorm(512), nn.Linear(512, 80))


def projection(optimizer: OptimizerPair) -> ParityCase:
    """AutoVC's last projection, 1024 to 80, trained."""
    from tfvc.cases.layers import dense

    return replace(dense(2, 8, 1024, 80), name="projection", optimizer=optimizer)


def call_without_training(model: Any, inputs: Tensors, training: bool) -> Tensors:
    """A direct call, which in Keras is inference."""
    return {"output": model(inputs["mel"])}
