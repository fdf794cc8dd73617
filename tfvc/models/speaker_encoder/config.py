"""What defines a speaker encoder."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from tfvc.common.config import Config, Share, Size


@dataclass(frozen=True)
class SpeakerEncoderConfig(Config):
    """Sizes of a speaker encoder and how it reads a recording.

    Attributes:
        n_mels: mel channels.
        units: width of the three LSTM layers.
        embedding: size of the embedding.
        relu: whether the embedding passes a ReLU before its length is made 1.
        partial_frames: frames of the windows that a recording is cut into.
        partials_per_second: windows that start in a second of audio.
        min_coverage: share of the last window that must be audio for it to count.
        volume_dbfs: quieter recordings are raised to this RMS level, in dB of full scale; 0 leaves them.
    """

    n_mels: Size = 40
    units: Size = 256
    embedding: Size = 256
    relu: bool = True
    partial_frames: Size = 160
    partials_per_second: Annotated[float, Gt(0), Le(50)] = 1.3
    min_coverage: Share = 0.75
    volume_dbfs: Annotated[float, Ge(-200), Le(0)] = -30.0

    mels = {"ge2e": "ge2e_16k", "dvector": "autovc_16k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        # Resemblyzer's VoiceEncoder, on `ge2e_16k` mels.
        "ge2e": dict(),
        # AutoVC's own, on `autovc_16k` mels: windows of 128 frames, half overlapping.
        "dvector": dict(
            n_mels=80,
            units=768,
            relu=False,
            partial_frames=128,
            partials_per_second=16000 / 256 / 64,
            volume_dbfs=0.0,
        ),
    }
