"""A pair that nobody wrote for this project: a keyword spotter in torch's own style, and a functional Keras port of it.

`tfvc/parity/README.md` walks through it. The two models know nothing of the harness; the case is all that is added.
"""

from collections.abc import Mapping
from typing import Any

import keras

from tfvc.parity import LayerTable, OptimizerPair, ParityCase

FRAMES, BANDS, CLASSES = 21, 16, 12


def torch_model() -> Any:
    """[batch, 1, frames, bands] -> [batch, classes]."""
    import torch
    from torch import nn

    class Spotter(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 24, 3, padding=1)
            self.bn1 = nn.BatchNorm2d(24)
            self.conv2 = nn.Conv2d(24, 32, 3, stride=(1, 2), padding=1)
            self.bn2 = nn.BatchNorm2d(32)
            self.act = nn.ReLU(inplace=True)
            self.gru = nn.GRU(32 * BANDS // 2, 48, batch_first=True, bidirectional=True)
            self.lstm = nn.LSTM(96, 40, batch_first=True, bidirectional=True)
            self.head = nn.Linear(80, CLASSES)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.act(self.bn1(self.conv1(x)))
            x = self.act(self.bn2(self.conv2(x)))
            x = x.permute(0, 2, 3, 1).flatten(2)  # [batch, frames, bands * channels]
            x, _ = self.gru(x)
            x, _ = self.lstm(x)
            return self.head(x.mean(1))

    return Spotter()


def keras_model(epsilon: float = 1e-5, momentum: float = 0.9, reset_after: bool = True) -> keras.Model:
    """[batch, frames, bands, 1] -> [batch, classes], of stock layers."""
    norm = {"epsilon": epsilon, "momentum": momentum}
    inputs = keras.Input((FRAMES, BANDS, 1))
    x = keras.layers.Conv2D(24, 3, padding="same", name="conv2d")(inputs)
    x = keras.layers.BatchNormalization(name="norm", **norm)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.ZeroPadding2D(1)(x)
    x = keras.layers.Conv2D(32, 3, strides=(1, 2), name="strided")(x)
    x = keras.layers.BatchNormalization(name="strided_norm", **norm)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Reshape((FRAMES, 32 * BANDS // 2))(x)
    gru = keras.layers.GRU(48, return_sequences=True, reset_after=reset_after)
    x = keras.layers.Bidirectional(gru, name="gru")(x)
    x = keras.layers.Bidirectional(keras.layers.LSTM(40, return_sequences=True), name="lstm")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, keras.layers.Dense(CLASSES, name="logits")(x))


TABLE = LayerTable(
    {
        "conv1": "conv2d",
        "bn1": "norm",
        "conv2": "strided",
        "bn2": "strided_norm",
        "gru": "gru",
        "lstm": "lstm",
        "head": "logits",
    }
)


def case(**constants: Any) -> ParityCase:
    """The pair; constants go to `keras_model`."""

    def torch_forward(module: Any, x: Mapping[str, Any]) -> dict[str, Any]:
        return {"logits": module(x["spectrogram"].permute(0, 3, 1, 2))}

    def keras_forward(model: keras.Model, x: Mapping[str, Any], training: bool) -> dict[str, Any]:
        return {"logits": model(x["spectrogram"], training=training)}

    return ParityCase(
        "keyword spotter",
        lambda: keras_model(**constants),
        torch_model,
        TABLE,
        lambda rng: {"spectrogram": rng.standard_normal((3, FRAMES, BANDS, 1))},
        keras_forward=keras_forward,
        torch_forward=torch_forward,
        optimizer=OptimizerPair(1e-3, clip_grad_norm=1.0),
        description="a keyword spotter: functional Keras of stock layers, and PyTorch",
        accepted=("biased running variance", "one bias for two"),
    )


def wrong_epsilon() -> ParityCase:
    """Keras's own epsilon."""
    return case(epsilon=1e-3)


def wrong_momentum() -> ParityCase:
    """torch's momentum, copied."""
    return case(momentum=0.1)


def wrong_gru() -> ParityCase:
    """The GRU of Keras 2, and of the paper."""
    return case(reset_after=False)


def keras_defaults() -> ParityCase:
    """Batch norm with nothing said of it, as it is most often ported."""
    from dataclasses import replace

    return replace(case(epsilon=1e-3, momentum=0.99), accepted=())


def nothing_accepted() -> ParityCase:
    """What stock Keras layers cannot do as torch does."""
    from dataclasses import replace

    return replace(case(), accepted=())
