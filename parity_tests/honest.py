"""A small pair whose parts raise what they are told to, and may be wrong in a layer that cannot be run by itself."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import torch
from torch import nn

from tfvc.parity import LayerTable, ParityCase
from tfvc.weights import Entry, Layout

Doing = Callable[[Any, bool], None]


def nothing(x: Any, training: bool) -> None:
    """Does nothing, where another raises something."""


class TorchInside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x) * self.gain


class TorchSmall(nn.Module):
    def __init__(self, doing: Doing, scripted: bool):
        super().__init__()
        first = nn.Linear(4, 5)
        self.first = torch.jit.script(first) if scripted else first
        self.inside = TorchInside()
        self.last = nn.Linear(5, 3)
        self.doing = doing

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.inside(self.first(x))
        self.doing(x, self.training)
        return self.last(x)


class Scaled(keras.layers.Dense):
    scale = 1.0

    def call(self, x: Any, training: Any = None) -> Any:
        return super().call(x) * self.scale


class Inside(keras.layers.Layer):
    """tanh with a gain; its model tells it, in each pass, that it may run.

    Args:
        doing: run at each call.
        scale: of the output.
        gradient: of the gradient that it sends back.
        outputs: 2 for one tensor more than torch gives.
        alone: whether it runs without its model.
    """

    def __init__(self, doing: Doing, scale: float, gradient: float, outputs: int, alone: bool):
        super().__init__(name="inside")
        self.doing, self.scale, self.gradient, self.outputs, self.alone = doing, scale, gradient, outputs, alone

    def build(self, shape: Any) -> None:
        self.gain = self.add_weight(shape=(5,), name="gain")

    def call(self, x: Any) -> Any:
        self.doing(x, False)
        if not self.alone:
            self.told  # noqa: B018  there is none unless the model runs
        y = keras.ops.tanh(x) * self.gain
        y = self.scale * (self.gradient * y + tf.stop_gradient((1 - self.gradient) * y))
        return (y, keras.ops.sum(y, -1)) if self.outputs == 2 else y


class Small(keras.Model):
    def __init__(self, doing: Doing, scale: float, inside: Inside):
        super().__init__(name="small")
        self.first = Scaled(5, name="first")
        self.first.scale = scale
        self.inside = inside
        self.last = keras.layers.Dense(3, name="last")
        self.doing = doing

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.inside.build((None, 5))
        self.last.build((None, 5))

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.first(x)
        self.inside.told = True
        try:
            x = self.inside(x)
        finally:
            del self.inside.told
        x = x[0] if isinstance(x, tuple) else x
        self.doing(x, training)
        return self.last(x)


def entries(model: Small) -> list[Entry]:
    dense = [
        entry
        for name, layer in (("first", model.first), ("last", model.last))
        for entry in (Entry(f"{name}.weight", layer.kernel, Layout((1, 0))), Entry(f"{name}.bias", layer.bias))
    ]
    return [*dense, Entry("inside.gain", model.inside.gain)]


def case(
    keras: Doing = nothing,
    torch: Doing = nothing,
    keras_inside: Doing = nothing,
    scale: float = 1.0,
    inside_scale: float = 1.0,
    inside_gradient: float = 1.0,
    inside_outputs: int = 1,
    only_inside: bool = False,
    scripted: bool = False,
    unbuilt: bool = False,
    **settings: Any,
) -> ParityCase:
    """The pair, in which something goes wrong.

    Args:
        keras, torch, keras_inside: what each model, or the layer inside, runs in its forward pass.
        scale: of the first Keras layer.
        inside_scale, inside_gradient, inside_outputs: see `Inside`.
        only_inside: whether the layer inside runs only inside its model.
        scripted: whether torch's first layer is scripted.
        unbuilt: whether the Keras model comes without weights.
        settings: of the case.
    """

    def model() -> Small:
        inside = Inside(keras_inside, inside_scale, inside_gradient, inside_outputs, not only_inside)
        made = Small(keras, scale, inside)
        if not unbuilt:
            made.build((None, 4))
            made.built = True
        return made

    parts = {
        "keras_model": model,
        "torch_module": lambda: TorchSmall(torch, scripted),
        "entries": entries,
        "inputs": lambda rng: {"x": rng.standard_normal((4, 4)).astype(np.float32)},
    }
    return ParityCase("small", **{**parts, **settings})


def _two_layers(**settings: Any) -> ParityCase:
    table = LayerTable({"first": "first", "last": "last"})
    return ParityCase("two layers", entries=table, **settings)


def _dense_pair(shape: tuple[int, ...], scale: float = 1.0) -> Callable[[], Any]:
    def model() -> Any:
        x = keras.Input(shape)
        first = Scaled(5, name="first")
        first.scale = scale
        return keras.Model(x, keras.layers.Dense(3, name="last")(first(x)))

    return model


class TorchPair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(4, 5), nn.Linear(5, 3)


class TorchFolded(TorchPair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = self.first(x.flatten(0, -2))
        return self.last(flat).unflatten(0, x.shape[:-1])


class TorchCalledOften(TorchPair):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.cat([self.first(part) for part in x.split(2)]))


def folded(scale: float) -> ParityCase:
    """Torch folds batch and time; the first Keras layer is wrong unless the scale is 1."""
    return _two_layers(
        keras_model=_dense_pair((7, 4), scale),
        torch_module=TorchFolded,
        inputs=lambda rng: {"x": rng.standard_normal((3, 7, 4))},
    )


def called_twice() -> ParityCase:
    """Torch takes the batch part by part."""
    return _two_layers(
        keras_model=_dense_pair((4,)),
        torch_module=TorchCalledOften,
        inputs=lambda rng: {"x": rng.standard_normal((6, 4))},
    )


class TorchCell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.LSTMCell(4, 5), nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state if state else (x.new_zeros(len(x), 5), x.new_zeros(len(x), 5)))
        return self.last(state[0])


class KerasCell(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = keras.layers.RNN(keras.layers.LSTMCell(5), name="rnn")
        self.last = keras.layers.Dense(3, name="last")

    def build(self, shape: Any) -> None:
        self.rnn.build(shape)
        self.last.build((None, 5))

    def call(self, x: Any, training: bool = False) -> Any:
        return self.last(self.rnn(x))


def cell_in_rnn() -> ParityCase:
    """A cell that torch calls step by step."""
    return ParityCase(
        "cell",
        KerasCell,
        TorchCell,
        LayerTable({"cell": "rnn.cell", "last": "last"}),
        lambda rng: {"x": rng.standard_normal((3, 4, 4))},
        accepted=("one bias for two",),
    )
