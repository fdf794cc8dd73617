"""A preset's model, whichever kind it is."""

import os

from tfvc.models.family import find_network
from tfvc.models.locations import find_preset
from tfvc.models.preset import PresetModel, read_config


def load_preset(name_or_path: str | os.PathLike) -> PresetModel:
    """The model in a preset, whichever network of whichever family it is.

    Raises:
        TfvcError: if there is no such preset, no family knows its model, or a file of it is damaged.
    """
    folder = find_preset(name_or_path)
    return find_network(read_config(folder)[0]).model_class.from_preset(folder)
