"""Where the speaker embeddings come from that an AutoVC was trained on, and where presets say so."""

from pathlib import Path

from tfvc.audio import MelSpec
from tfvc.common import defaults
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.common.maker import Maker
from tfvc.models.autovc.config import AutoVCConfig

# `<preset>/encoder.json`: a `Maker`.
ENCODER = "encoder"


def read_encoder(folder: Path) -> Maker | None:
    """What a preset says of its encoder; None for one from before it was recorded.

    Raises:
        TfvcError: if the file is damaged.
    """
    path = folder / f"{ENCODER}.json"
    return Maker.from_dict(read_object(path, "the maker of speaker embeddings"), str(path)) if path.exists() else None


def assume_encoder(folder: Path, config: AutoVCConfig, mel_spec: MelSpec) -> tuple[Maker, str]:
    """What made the embeddings of a preset that does not say so, and in words how that is known.

    Before it was recorded, `tfvc train` knew one encoder. An import is one of published weights if sizes and mels are
    theirs.

    Raises:
        TfvcError: if neither is the case.
    """
    path = folder / "training.json"
    record = read_object(path, "the record of a training") if path.exists() else {}
    if record.get("model") == "autovc" and "data" in record:
        return Maker(defaults.SPEAKER_ENCODER), "tfvc train had no other when this was trained"
    for name in AutoVCConfig.named if "imported_from" in record else ():
        if config == AutoVCConfig.from_name(name) and mel_spec == MelSpec.named(AutoVCConfig.mels[name]):
            return Maker(AutoVCConfig.encoders[name]), f"the published {name} AutoVC is used with it"
    raise TfvcError(
        f"{folder}: does not say what its speaker embeddings come from; name the encoder of its training by "
        "--speaker-encoder"
    )
