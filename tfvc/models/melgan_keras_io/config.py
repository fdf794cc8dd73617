"""What defines the MelGAN of the keras.io example."""

from dataclasses import dataclass

from tfvc.common.errors import TfvcError
from tfvc.models.melgan.sizes import MelGANSizes


@dataclass(frozen=True)
class KerasIOMelGANConfig(MelGANSizes):
    """Sizes of a MelGAN as the keras.io example has it: see `MelGANSizes`."""

    mels = {"keras_io": "keras_22k"}  # noqa: RUF012
    named = {"keras_io": {}}  # noqa: RUF012

    def __post_init__(self):
        super().__post_init__()
        if any(rate > 16 or rate % 2 for rate in self.upsample_rates):
            raise TfvcError(f"kernels of 16 want even upsample_rates up to 16, received {self.upsample_rates}")
