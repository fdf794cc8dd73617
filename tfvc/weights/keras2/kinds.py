"""What Keras 2 stored of each kind of layer, and which variable of ours it is: kernels have the same layout in both.

Where they differ:

- tensorflow-addons' `WeightNormalization` keeps g as `[n]`, ours is `[1, 1, n]`. Beside g, kernel and bias it stores
  whether it has been called, and, if it started from data (`data_init`, its default), a copy of the layer as that was
  before.
- `BatchNormalization` adds 1e-3 to the variance, torch and `BatchNorm` 1e-5: the stored variance is raised by the
  difference, so that the imported model is one as torch has it and infers as the saved one did.
- `LSTM` has one bias, ours two that are added: the second is zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np

from tfvc.layers import LSTM, BatchNorm, Conv1D, Conv1DTranspose, Dense, GroupedConv1D, WeightNorm
from tfvc.layers.lstm import LSTMDirection

KERAS_EPSILON = 1e-3  # the default of Keras's BatchNormalization; a weight file does not hold it


@dataclass(frozen=True)
class Place:
    """Where an array goes.

    Attributes:
        variable: ours.
        shape: of the array in the file.
        convert: from the file's values to the variable's, in the variable's precision.
    """

    variable: keras.Variable
    shape: tuple[int, ...]
    convert: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ExpectedLayer:
    """A layer of ours as Keras 2 would have stored it.

    Attributes:
        kind: in words.
        places: role -> where the array of that role goes.
        unused: role -> shape of what may be in the file and has no use.
        zeros: variables of ours that Keras 2 has no counterpart of.
    """

    kind: str
    places: dict[str, Place]
    unused: dict[str, tuple[int, ...]] = field(default_factory=dict)
    zeros: tuple[keras.Variable, ...] = ()

    @property
    def roles(self) -> list[str]:
        """What must be in the file."""
        return [*self.places, "initialized"] if self.kind == WEIGHT_NORM else list(self.places)


WEIGHT_NORM, BATCH_NORM = "weight normalisation", "batch normalisation"


def plain(layer: Conv1D | Conv1DTranspose | GroupedConv1D | Dense) -> ExpectedLayer:
    """A convolution or a Dense layer."""
    kind = "dense" if isinstance(layer, Dense) else "convolution"
    return ExpectedLayer(kind, {"kernel": _same(layer.kernel), "bias": _same(layer.bias)})


def weight_norm(layer: WeightNorm) -> ExpectedLayer:
    """`tfa.layers.WeightNormalization` around a convolution."""
    g = Place(layer.g, (layer.g.shape[-1],), lambda values: values.reshape(layer.g.shape))
    inner = plain(layer.layer).places
    copies = {f"data_dep_init/{role}": place.shape for role, place in inner.items()}
    return ExpectedLayer(WEIGHT_NORM, {"g": g, **inner}, unused=copies)


def batch_norm(layer: BatchNorm) -> ExpectedLayer:
    """`BatchNormalization` with Keras's default epsilon."""
    variance = _same(layer.moving_variance, lambda values: values + (KERAS_EPSILON - layer.epsilon))
    places = {name: _same(getattr(layer, name)) for name in ("gamma", "beta", "moving_mean")}
    return ExpectedLayer(BATCH_NORM, {**places, "moving_variance": variance}, zeros=(layer.num_batches_tracked,))


def lstm(*directions: LSTMDirection) -> ExpectedLayer:
    """An `LSTM`, or a `Bidirectional` one, forward direction first. Gates are in the same order in both."""
    prefixes = ("forward/", "backward/") if len(directions) == 2 else ("",)
    places = {
        prefix + name: _same(getattr(direction, name))
        for prefix, direction in zip(prefixes, directions, strict=True)
        for name in ("kernel", "recurrent_kernel", "bias")
    }
    kind = "bidirectional LSTM" if len(directions) == 2 else "LSTM"
    return ExpectedLayer(kind, places, zeros=tuple(direction.recurrent_bias for direction in directions))


def convolution(layer: Conv1D | Conv1DTranspose | GroupedConv1D | WeightNorm) -> ExpectedLayer:
    """A convolution, with weight normalisation around it or not."""
    return weight_norm(layer) if isinstance(layer, WeightNorm) else plain(layer)


def lstms(layer: LSTM) -> list[ExpectedLayer]:
    """One for each of the stacked layers."""
    width = 2 if layer.bidirectional else 1
    return [lstm(*layer.directions[i : i + width]) for i in range(0, len(layer.directions), width)]


def _same(variable: keras.Variable, convert: Callable[[np.ndarray], np.ndarray] = lambda values: values) -> Place:
    return Place(variable, tuple(variable.shape), convert)
