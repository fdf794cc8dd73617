"""Speaker encoders: a recording to a point on the unit sphere that tells who speaks."""

from tfvc.models.speaker_encoder.config import SpeakerEncoderConfig
from tfvc.models.speaker_encoder.model import SpeakerEncoder

__all__ = ["SpeakerEncoder", "SpeakerEncoderConfig"]
