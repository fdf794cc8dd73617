"""One small map per model: torch module path -> Keras layer, in the order of upstream's state dict."""

from collections.abc import Iterator

import keras

from tfvc.weights.errors import WeightError
from tfvc.weights.maps import (
    autovc,
    hifigan,
    hifigan_discriminator,
    melgan,
    melgan_discriminator,
    speaker_encoder,
)
from tfvc.weights.torch_file import Networks

_MAPS = {
    "autovc": autovc,
    "hifigan": hifigan,
    "hifigan_discriminator": hifigan_discriminator,
    "melgan": melgan,
    "melgan_discriminator": melgan_discriminator,
    "speaker_encoder": speaker_encoder,
}


def pairs(model: keras.Model) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The (torch path, Keras layer) pairs of one of our models."""
    return _map_of(model).pairs(model)


def written_under(model: keras.Model) -> Networks:
    """The key under which upstream's code looks for this model, those of its networks, or None if it is bare."""
    return _map_of(model).WRITTEN_UNDER


def read_from(model: keras.Model) -> Networks:
    """The key under which files of several networks have this model, those of its networks, or None for no key."""
    return _map_of(model).READ_FROM


def ignored(model: keras.Model) -> frozenset[str]:
    """Keys that upstream's files carry beside the model's own."""
    return _map_of(model).IGNORED


def _map_of(model):
    try:
        return _MAPS[model.name_in_presets]
    except (AttributeError, KeyError):
        raise WeightError(
            f"{type(model).__name__}: no torch weight map for this model; known: {', '.join(_MAPS)}"
        ) from None
