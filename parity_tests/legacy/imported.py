"""A model with the weights of Keras 2 files, and its variables by Keras 2's names of them."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfvc.weights.keras2 import keras2_layers, load_keras2_files
from tfvc.weights.keras2.file import open_keras2_file
from tfvc.weights.keras2.kinds import Place


class Imported:
    """A model of ours behind names of Keras 2.

    Args:
        model: takes the weights.
        files: network -> its file.
    """

    def __init__(self, model: keras.Model, files: dict[str, Path]):
        load_keras2_files(model, list(files.values()))
        self.model = model
        self.places: dict[str, Place] = {}
        for network, expected in keras2_layers(model).items():
            with open_keras2_file(files[network]) as stored:
                for layer, ours in zip(stored, expected, strict=True):
                    for role, place in ours.places.items():
                        _, _, name = layer.weights[role].name.split("/", 2)
                        self.places[f"{network}/{name}"] = place

    @property
    def trained(self) -> dict[str, Place]:
        return {name: place for name, place in self.places.items() if place.variable.trainable}

    def gradients(self, tape: tf.GradientTape, loss: tf.Tensor) -> dict[str, tf.Tensor]:
        """Of all trained weights, in the shapes that Keras 2 has them in."""
        found = tape.gradient(loss, [place.variable.value for place in self.trained.values()])
        return {
            f"gradient/{name}": tf.reshape(gradient, place.shape)
            for (name, place), gradient in zip(self.trained.items(), found, strict=True)
        }

    def values(self) -> dict[str, np.ndarray]:
        """Of all weights."""
        return {name: np.asarray(place.variable.value) for name, place in self.places.items()}
