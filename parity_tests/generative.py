"""Pairs with what generative models have: noise, lengths, decisions, an inverse, a cache. Stock layers on both sides.

The torch modules draw their noise themselves and know nothing of the harness. A case takes the name of the bug that is
planted in the Keras model.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity import LayerTable, ParityCase, keras_drawn, torch_drawn
from tfvc.weights import Entry

CHANNELS, HIDDEN, ENTRIES = 12, 20, 37
Tensors = Mapping[str, Any]


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Three sequences of other lengths, and noise of their shape."""
    x, noise = rng.standard_normal((2, 3, 24, CHANNELS))
    return {"x": x, "noise": noise, "lengths": np.array([24, 15, 5], np.int32)}


def sampler(bug: str = "") -> ParityCase:
    """A posterior that draws its samples."""
    import torch
    from torch import nn

    class Torch(nn.Module):
        def __init__(self):
            super().__init__()
            self.pre = nn.Conv1d(CHANNELS, HIDDEN, 5, padding=2)
            self.proj = nn.Conv1d(HIDDEN, 2 * CHANNELS, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mean, deviation = self.proj(torch.relu(self.pre(x))).chunk(2, 1)
            return mean + torch.randn_like(mean) * deviation.exp() * 0.7

    class Keras(keras.Model):
        def __init__(self):
            super().__init__()
            self.pre = keras.layers.Conv1D(HIDDEN, 5, padding="same", activation="relu")
            self.proj = keras.layers.Conv1D(2 * CHANNELS, 1)

        def call(self, x: tf.Tensor) -> tf.Tensor:
            mean, deviation = tf.split(self.proj(self.pre(x)), 2, axis=-1)
            scale = 1.0 if bug == "noise of another deviation" else 0.7
            return mean + keras.random.normal(tf.shape(mean), stddev=scale, dtype=mean.dtype) * tf.exp(deviation)

    def torch_forward(module: Any, x: Tensors) -> Tensors:
        drawn = torch_drawn(lambda: module(x["x"].transpose(1, 2)), x["noise"].transpose(1, 2))
        return {"z": drawn.transpose(1, 2)}

    return ParityCase(
        "sampler",
        Keras,
        Torch,
        LayerTable({"pre": "pre", "proj": "proj"}),
        inputs,
        lambda model, x, training: {"z": keras_drawn(lambda: model(x["x"]), x["noise"])},
        torch_forward,
    )


def flow(bug: str = "") -> ParityCase:
    """A coupling with lengths, and its inverse. The port leaves something else than torch behind the lengths."""
    import torch
    from torch import nn

    class Torch(nn.Module):
        def __init__(self):
            super().__init__()
            self.pre = nn.Conv1d(CHANNELS // 2, HIDDEN, 5, padding=2)
            self.post = nn.Conv1d(HIDDEN, CHANNELS, 3, padding=1)

        def shift_and_scale(self, half: torch.Tensor, lengths: torch.Tensor) -> list[torch.Tensor]:
            mask = (torch.arange(half.shape[2])[None, None] < lengths[:, None, None]).to(half.dtype)
            return self.post(torch.tanh(self.pre(half * mask)) * mask).chunk(2, 1)

        def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            a, b = x.chunk(2, 1)
            shift, scale = self.shift_and_scale(a, lengths)
            return torch.cat([b * scale.exp() + shift, a], 1)

        def inverse(self, z: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            b, a = z.chunk(2, 1)
            shift, scale = self.shift_and_scale(a, lengths)
            return torch.cat([a, (b - shift) * (-scale).exp()], 1)

    class Keras(keras.Model):
        def __init__(self):
            super().__init__()
            self.pre = keras.layers.Conv1D(HIDDEN, 5, padding="same")
            self.post = keras.layers.Conv1D(CHANNELS, 3, padding="same")

        def shift_and_scale(self, half: tf.Tensor, lengths: tf.Tensor) -> list[tf.Tensor]:
            mask = tf.sequence_mask(lengths, tf.shape(half)[1], half.dtype)[:, :, None]
            hidden = tf.tanh(self.pre(half * mask))
            hidden = hidden if bug == "a mask left out" else hidden * mask
            return tf.split(self.post(hidden) * mask, 2, axis=-1)

        def call(self, x: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
            a, b = tf.split(x, 2, axis=-1)
            shift, scale = self.shift_and_scale(a, lengths)
            return tf.concat([b * tf.exp(scale) + shift, a], axis=-1)

        def inverse(self, z: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
            b, a = tf.split(z, 2, axis=-1)
            shift, scale = self.shift_and_scale(a, lengths)
            back = tf.exp(-scale) * b - shift if bug == "inverse in another order" else (b - shift) * tf.exp(-scale)
            return tf.concat([a, back], axis=-1)

    def turned(function: Any, x: Any, lengths: Any) -> Any:
        return function(x.transpose(1, 2), lengths).transpose(1, 2)

    return ParityCase(
        "flow",
        Keras,
        Torch,
        LayerTable({"pre": "pre", "post": "post"}),
        inputs,
        lambda model, x, training: {"z": model(x["x"], x["lengths"])},
        lambda module, x: {"z": turned(module, x["x"], x["lengths"])},
        lengths={"z": "lengths", "x": "lengths"},
        keras_inverse=lambda model, z, x: {"x": model.inverse(z["z"], x["lengths"])},
        torch_inverse=lambda module, z, x: {"x": turned(module.inverse, z["z"], x["lengths"])},
    )


def codebook(bug: str = "", tied: bool = False) -> ParityCase:
    """A vector quantizer: the nearest entry. With `tied`, inputs in the middle between two entries."""
    import torch
    from torch import nn

    class Torch(nn.Module):
        def __init__(self):
            super().__init__()
            self.proj = nn.Linear(CHANNELS, HIDDEN)
            self.entries = nn.Parameter(torch.zeros(ENTRIES, HIDDEN))

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            scores = -(self.proj(x)[..., None, :] - self.entries).square().sum(-1)
            return scores, scores.argmax(-1)

    class Keras(keras.Model):
        def __init__(self):
            super().__init__()
            self.proj = keras.layers.Dense(HIDDEN)
            self.entries = self.add_weight(shape=(ENTRIES, HIDDEN), name="entries")

        def call(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x = self.proj(x)[..., None, :]
            scores = -tf.reduce_sum((x - self.entries) ** 2, axis=-1)
            last = ENTRIES - 1 - tf.argmax(scores[..., ::-1], axis=-1)  # of scores that are alike, not the first
            return scores, tf.argmin(scores, axis=-1) if bug == "the farthest entry" else last

    def drawn(rng: np.random.Generator) -> dict[str, np.ndarray]:
        x = rng.standard_normal((3, 24, CHANNELS))
        return {"x": np.zeros_like(x) if tied else x}

    def both(outputs: Any) -> Tensors:
        return dict(zip(("scores", "chosen"), outputs, strict=True))

    return ParityCase(
        "codebook",
        Keras,
        Torch,
        LayerTable({"proj": "proj"}, entries=lambda model: [Entry("entries", model.entries)]),
        drawn,
        lambda model, x, training: both(model(x["x"])),
        lambda module, x: both(module(x["x"])),
        decisions={"chosen": "scores"},
    )


def cached(bug: str = "") -> ParityCase:
    """Causal convolutions, a frame at a time with a cache of those before."""
    import torch
    from torch import nn

    class Torch(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(CHANNELS, HIDDEN, 4)
            self.head = nn.Linear(HIDDEN, CHANNELS)

        def forward(self, x: torch.Tensor, cache: torch.Tensor) -> torch.Tensor:
            hidden = self.conv(torch.cat([cache, x], 1).transpose(1, 2)).transpose(1, 2)
            return self.head(torch.tanh(hidden))

    class Keras(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv1D(HIDDEN, 4, activation="tanh")
            self.head = keras.layers.Dense(CHANNELS)

        def call(self, x: tf.Tensor, cache: tf.Tensor) -> tf.Tensor:
            return self.head(self.conv(tf.concat([cache, x], axis=1)))

    def stepwise(call: Any, x: Any, concatenate: Any, late: bool = False) -> Tensors:
        cache, steps = x[:, :3] * 0, []
        for i in range(x.shape[1]):
            frame = x[:, i : i + 1]
            steps.append(call(frame, cache))
            if not (late and i == 4):
                cache = concatenate([cache, frame], 1)[:, 1:]
        return {"y": concatenate(steps, 1)}

    return ParityCase(
        "cached",
        Keras,
        Torch,
        LayerTable({"conv": "conv", "head": "head"}),
        lambda rng: {"x": rng.standard_normal((3, 11, CHANNELS))},
        lambda model, x, training: {"y": model(x["x"], x["x"][:, :3] * 0)},
        lambda module, x: {"y": module(x["x"], x["x"][:, :3] * 0)},
        keras_stepwise=lambda model, x: stepwise(model, x["x"], tf.concat, bug == "a frame that the cache misses"),
        torch_stepwise=lambda module, x: stepwise(module, x["x"], torch.cat),
    )
