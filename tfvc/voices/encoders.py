"""The speaker encoder that a model's embeddings come from: found, and held against the one that is given."""

from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.models.family import downloads
from tfvc.models.locations import find_preset
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig


def load_encoder(model: str, wanted: Maker, named: str | None = None) -> SpeakerEncoder:
    """The speaker encoder for a model; whether it is the right one is for `check_same_encoder` to say.

    Args:
        model: what to call the model in messages.
        wanted: who made the embeddings that it was trained on.
        named: name or folder of a preset; None takes the preset that is called as the maker is.

    Raises:
        TfvcError: if there is none.
    """
    if named is None and not _is_there(wanted.name):
        raise TfvcError(
            f"{model} was trained on embeddings of {wanted}, and no preset is called {wanted.name}; {_advice(wanted)}"
        )
    return SpeakerEncoder.from_preset(named or wanted.name)


def check_same_encoder(model: str, wanted: Maker, given: Maker) -> None:
    """Refuses an encoder that is not the one of the model's training: its embeddings would be of nobody.

    Raises:
        TfvcError: naming both.
    """
    if not wanted.fits(given):
        raise TfvcError(
            f"{model} was trained on embeddings of {wanted}, the speaker encoder is {given}; {_advice(wanted)}"
        )


def _is_there(name: str) -> bool:
    try:
        find_preset(name)
    except TfvcError:
        return False
    return True


def _advice(wanted: Maker) -> str:
    name = "name the right one by --speaker-encoder"
    if wanted.name in downloads():
        return f"{name} (tfvc fetch {wanted.name})"
    if wanted.name in SpeakerEncoderConfig.named:
        return f"{name} (tfvc import-torch speaker_encoder FILE --preset {wanted.name} --out DIR)"
    return name
