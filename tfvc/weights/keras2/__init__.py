"""Weight files that Keras 2 wrote with `save_weights("name.h5")`, into today's models."""

from tfvc.weights.keras2.loading import keras2_layers, load_keras2_files

__all__ = ["keras2_layers", "load_keras2_files"]
