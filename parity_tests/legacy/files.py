"""Files with the layout that Keras 2 gave them and the numbers of `weight`: as good as those it saved, and not kept."""

import json
from pathlib import Path

import h5py
import numpy as np

from parity_tests.legacy.judging import FOLDER
from parity_tests.legacy.values import weight

TEXT = h5py.string_dtype()


def layout(name: str) -> dict:
    """What a file that Keras 2 saved held, without the numbers."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def write_file(path: Path, name: str, numbers: bool = True, text_as=TEXT) -> Path:
    """Writes one of the files.

    Args:
        path: where to.
        name: which one.
        numbers: without them all is as in the file, only that the arrays hold zeros and take no room.
        text_as: how names are stored; h5py before 3.0 led Keras to bytes of one length.
    """
    content = layout(name)
    with h5py.File(path, "w") as file:
        file.attrs["backend"], file.attrs["keras_version"] = content["backend"], content["keras_version"]
        _set_names(file, "layer_names", list(content["layers"]), text_as)
        for beside in content["beside the layers"]:
            _set_names(file.create_group(beside), "weight_names", [], text_as)
        for layer, weights in content["layers"].items():
            group = file.create_group(layer)
            _set_names(group, "weight_names", [weight_name for weight_name, _, _ in weights], text_as)
            for weight_name, shape, dtype in weights:
                array = group.create_dataset(weight_name, shape, dtype)
                if numbers or dtype == "bool":
                    array[()] = weight(f"{name}/{weight_name}", tuple(shape))
    return path


def _set_names(group: h5py.Group, attribute: str, names: list[str], text_as) -> None:
    if text_as == np.bytes_:
        group.attrs[attribute] = np.array([name.encode() for name in names])
    else:
        group.attrs.create(attribute, names, (len(names),), text_as)
