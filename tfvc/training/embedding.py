"""The speaker encoder of a preset, as `tfvc.data.prepare` takes it."""

import functools
import os

from tfvc.data import Embedder
from tfvc.data.extractors import Extract
from tfvc.models.locations import find_preset
from tfvc.models.speaker_encoder import SpeakerEncoder


def embedder(name_or_path: str | os.PathLike) -> Embedder:
    """What makes the speaker embeddings of a feature set.

    Args:
        name_or_path: preset of a `SpeakerEncoder`.

    Raises:
        TfvcError: if there is none, or it is of another model.

    Example:
        prepare("corpus", "data", named_spec("hifigan_22k"), embedder("ge2e"))
    """
    folder = find_preset(name_or_path)
    encoder = SpeakerEncoder.from_preset(folder)
    return Embedder(encoder.maker, encoder.config.embedding, functools.partial(_load, str(folder.resolve())))


def _load(folder: str) -> Extract:
    return SpeakerEncoder.from_preset(folder).embed_utterance
