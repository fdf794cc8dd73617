"""The models by the name they have on the command line and in a preset's config.json."""

import os

from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC
from tfvc.models.hifigan import HiFiGANDiscriminator, HiFiGANGenerator
from tfvc.models.locations import find_preset
from tfvc.models.melgan import MelGANDiscriminator, MelGANGenerator
from tfvc.models.preset import PresetModel, read_config
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.models.vocoder import VocoderModel

_MODELS = {
    model.name_in_presets: model
    for model in (
        AutoVC,
        SpeakerEncoder,
        MelGANGenerator,
        MelGANDiscriminator,
        HiFiGANGenerator,
        HiFiGANDiscriminator,
    )
}


def model_class(name: str) -> type[PresetModel]:
    """The class of a model. Raises TfvcError for a name that is none."""
    if name not in _MODELS:
        raise TfvcError(f"{name}: no such model; choose one of {', '.join(_MODELS)}")
    return _MODELS[name]


def vocoder_names() -> list[str]:
    """The names of the models that speak a mel."""
    return [name for name, model in _MODELS.items() if issubclass(model, VocoderModel)]


def load_preset(name_or_path: str | os.PathLike) -> PresetModel:
    """The model in a preset, whichever kind it is."""
    folder = find_preset(name_or_path)
    return model_class(read_config(folder)[0]).from_preset(folder)
