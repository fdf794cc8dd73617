"""What defines a WaveNeXt."""

from dataclasses import dataclass

from tfvc.common.config import Config


@dataclass(frozen=True)
class WaveNeXtConfig(Config):
    """Sizes of a WaveNeXt generator.

    Attributes:
        n_mels: mel channels.
        width: channels of the blocks.
        hidden: channels inside a block.
        blocks: number of blocks.
        frame: values that stand for a frame before its samples are made of them.
        hop: samples for each frame.
    """

    n_mels: int = 80
    width: int = 512
    hidden: int = 1536
    blocks: int = 8
    frame: int = 1024
    hop: int = 256

    mels = {"base": "hifigan_22k", "small": "hifigan_22k", "small_24k": "wavenext_24k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        "base": dict(),
        "small": dict(width=48, hidden=96, blocks=2, frame=128),
        "small_24k": dict(n_mels=100, width=48, hidden=96, blocks=2, frame=128),
    }
