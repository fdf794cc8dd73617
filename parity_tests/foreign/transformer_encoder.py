"""torch's own nn.TransformerEncoder, and blocks of stock Keras layers."""

from typing import Any

import keras
import numpy as np

from tfvc.parity import LayerTable, ParityCase

LAYERS, WIDTH, HEADS, HIDDEN = 2, 64, 8, 96
NAMES = {
    "self_attn": "attention",
    "norm1": "norm1",
    "linear1": "linear1",
    "linear2": "linear2",
    "norm2": "norm2",
}


def keras_model(frames: int) -> keras.Model:
    """[batch, frames, width] and a mask [frames, frames], true where may be looked -> [batch, frames, width]."""
    layers = keras.layers
    x = inputs = keras.Input((frames, WIDTH))
    mask = keras.Input(batch_shape=(frames, frames), dtype="bool")
    for i in range(LAYERS):
        attention = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, name=f"attention_{i}")
        x = layers.Add(name=f"add1_{i}")([x, attention(x, x, attention_mask=keras.ops.expand_dims(mask, 0))])
        x = layers.LayerNormalization(epsilon=1e-5, name=f"norm1_{i}")(x)
        y = layers.Dense(HIDDEN, activation="relu", name=f"linear1_{i}")(x)
        x = layers.Add(name=f"add2_{i}")([x, layers.Dense(WIDTH, name=f"linear2_{i}")(y)])
        x = layers.LayerNormalization(epsilon=1e-5, name=f"norm2_{i}")(x)
    return keras.Model([inputs, mask], x)


def torch_model() -> Any:
    """The same shapes; the mask is true where may not be looked."""
    from torch import nn

    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)


def case(frames: int = 11) -> ParityCase:
    """The pair; each frame looks at itself, at what was before it, and here and there at what comes."""

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        seen = np.tri(frames, dtype=bool) | (rng.random((frames, frames)) < 0.2)
        return {"frames": rng.standard_normal((3, frames, WIDTH)), "seen": seen}

    return ParityCase(
        "transformer_encoder",
        lambda: keras_model(frames),
        torch_model,
        LayerTable({f"layers.{i}.{path}": f"{name}_{i}" for i in range(LAYERS) for path, name in NAMES.items()}),
        inputs,
        lambda model, x, training: {"output": model([x["frames"], x["seen"]], training=training)},
        lambda module, x: {"output": module(x["frames"], ~x["seen"])},
    )
