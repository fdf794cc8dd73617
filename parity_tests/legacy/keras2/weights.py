"""Weights into models of Keras 2, and the layout of the files that they are saved to."""

import h5py
import tensorflow as tf

from parity_tests.legacy.values import weight


def fill(model: tf.keras.Model, file: str) -> None:
    """Gives every weight the values of `weight`, under the name of the file that the model is saved to."""
    for variable in model.weights:
        variable.assign(weight(f"{file}/{variable.name}", tuple(variable.shape)))


def layout(path) -> dict:
    """What a saved file holds, without the numbers: layers and, of each weight, name, shape and type."""
    with h5py.File(path, "r") as file:
        names = list(file.attrs["layer_names"])
        return {
            "backend": file.attrs["backend"],
            "keras_version": file.attrs["keras_version"],
            "layers": {
                name: [
                    [w, list(file[name][w].shape), str(file[name][w].dtype)] for w in file[name].attrs["weight_names"]
                ]
                for name in names
            },
            "beside the layers": sorted(set(file) - set(names)),
        }
