"""A model's networks as `.weights.h5` files: AutoVC as encoder, decoder and postnet, others as one file."""

from pathlib import Path

import keras

from tfvc.common.atomic import atomic_dir
from tfvc.common.errors import TfvcError
from tfvc.weights.h5 import save_weights


def export_h5(model: keras.Model, folder: Path) -> list[Path]:
    """Writes `<network>.weights.h5` for every sub-model, or `model.weights.h5` where there is none.

    Keras names the groups in such a file after attributes, so that a fresh network of the same configuration takes
    them with `load_weights`.

    Returns:
        The files written.

    Raises:
        TfvcError: if `folder` exists and holds anything but an earlier export.
    """
    networks = {layer.name: layer for layer in model.layers if isinstance(layer, keras.Model)} or {"model": model}
    if folder.exists() and not (folder.is_dir() and all(p.name.endswith(".weights.h5") for p in folder.iterdir())):
        raise TfvcError(f"{folder}: exists and is not an earlier export; choose another folder")
    names = [f"{name}.weights.h5" for name in networks]
    with atomic_dir(folder) as temporary:
        for name, network in zip(names, networks.values(), strict=True):
            save_weights(network, temporary / name)
    return [folder / name for name in names]
