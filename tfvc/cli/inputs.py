"""What an imported model reads beside mels: no weight file tells it."""

import inspect
from typing import Any

import typer

from tfvc.cli.console import say
from tfvc.common.errors import TfvcError

SPEAKER_ENCODER = typer.Option(
    metavar="ENCODER",
    help="The speaker encoder whose embeddings it was trained on: an architecture or a preset. Default: that of the "
    "published model.",
)


def inputs_of(kind: type, architecture: str | None, speaker_encoder: str | None) -> dict[str, Any]:
    """Arguments of a model's constructor: what its architecture is used with, and what is named in its place.

    Args:
        kind: a `PresetModel`.
        architecture: its name; None if it has none.
        speaker_encoder: a preset, or the name of an architecture, which stands for any weights; None if not named.

    Raises:
        TfvcError: if there is no such encoder, or the model takes no speaker embeddings.
    """
    inputs = {} if architecture is None else kind.inputs_of_name(architecture)
    if speaker_encoder is None:
        return inputs
    if "speaker_encoder" not in inspect.signature(kind.__init__).parameters:
        raise TfvcError(f"--speaker-encoder: {kind.name_in_presets} takes no speaker embeddings; leave it out")
    return inputs | {"speaker_encoder": _maker(speaker_encoder)}


def say_inputs(network, assumed: bool) -> None:
    """Says what a model reads, and whether that was assumed."""
    for line in network.notes():
        say(line)
    if assumed and getattr(network, "speaker_encoder", None) is not None:
        say("assumed that encoder, which no file tells; --speaker-encoder ... if it was trained on another's")


def _maker(name: str):
    from tfvc.common.maker import Maker
    from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig

    try:
        return SpeakerEncoder.from_preset(name).maker
    except TfvcError:
        if name not in SpeakerEncoderConfig.named:
            raise
        return Maker(name)
