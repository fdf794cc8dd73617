"""What defines a MelGAN."""

from dataclasses import dataclass

from tfvc.common.errors import TfvcError
from tfvc.models.melgan.sizes import MelGANSizes


@dataclass(frozen=True)
class MelGANConfig(MelGANSizes):
    """Sizes of a MelGAN as its authors have it: see `MelGANSizes`."""

    mels = {"descript": "melgan_22k", "small": "hifigan_22k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        "descript": {},
        # For two CPU cores.
        "small": dict(channels=256, discriminator_channels=8, discriminator_max_channels=256, mel_weight=15.0),
    }

    def __post_init__(self):
        super().__post_init__()
        if 1 in self.upsample_rates:
            raise TfvcError("an upsample rate of 1 stretches nothing; leave it out of upsample_rates")
