"""What defines a WaveNeXt."""

from dataclasses import dataclass

from tfvc.common.config import Config, Size


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

    n_mels: Size = 80
    width: Size = 512
    hidden: Size = 1536
    blocks: Size = 8
    frame: Size = 1024
    hop: Size = 256

    mels = {"base": "hifigan_22k", "small": "hifigan_22k", "small_24k": "wavenext_24k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        "base": dict(),
        "small": dict(width=48, hidden=96, blocks=2, frame=128),
        "small_24k": dict(n_mels=100, width=48, hidden=96, blocks=2, frame=128),
    }
