"""What defines a tone colour converter."""

from dataclasses import dataclass

from tfvc.common.config import Size, Sizes
from tfvc.common.errors import TfvcError
from tfvc.models.vits.config import ConversionConfig


@dataclass(frozen=True)
class ToneConverterConfig(ConversionConfig):
    """Sizes of OpenVoice's tone colour converter: a VITS's conversion, and the encoder that makes the condition.

    Attributes:
        gin_channels: of what the encoder makes of a spectrogram.
        zero_g: posterior encoder and decoder see a condition of zeros, and the flow alone the speaker's.
        reference_filters: channels of the encoder's convolutions, of which each halves time and bins.
        reference_units: of its GRU.
    """

    gin_channels: Size = 256
    zero_g: bool = False
    reference_filters: Sizes = (32, 32, 64, 64, 128, 128)
    reference_units: Size = 128

    mels = dict.fromkeys(("openvoice_v2", "openvoice_v1"), "vits_22k")
    named = {"openvoice_v2": dict(zero_g=True), "openvoice_v1": dict()}  # noqa: RUF012

    def __post_init__(self):
        super().__post_init__()
        if not self.gin_channels:
            raise TfvcError("gin_channels = 0: the converter tells speakers by it; give it a size")
