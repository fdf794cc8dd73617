"""One small map per model: torch module path -> Keras layer, in the order of upstream's state dict."""

from collections.abc import Iterator

import keras

from tfvc.weights.errors import WeightError
from tfvc.weights.maps import autovc, hifigan, melgan, melgan_discriminator, speaker_encoder

_MAPS = {
    "autovc": autovc,
    "hifigan": hifigan,
    "melgan": melgan,
    "melgan_discriminator": melgan_discriminator,
    "speaker_encoder": speaker_encoder,
}


def pairs(model: keras.Model) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The (torch path, Keras layer) pairs of one of our models."""
    return _map_of(model).pairs(model)


def wrapper(model: keras.Model) -> str | None:
    """The key under which upstream's files hold this model's state dict, or None if they hold it bare."""
    return _map_of(model).WRAPPER


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
