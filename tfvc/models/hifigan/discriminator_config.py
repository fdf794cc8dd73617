"""What defines HiFi-GAN's discriminators."""

from dataclasses import dataclass

from tfvc.common.config import Config, Scales, Sizes
from tfvc.common.errors import TfvcError

# Of the seven convolutions of a scale's discriminator.
GROUPS = (1, 4, 16, 16, 16, 16, 1)


@dataclass(frozen=True)
class HiFiGANDiscriminatorConfig(Config):
    """Sizes of the discriminators; upstream has one set of them for all its generators.

    Attributes:
        periods: the wave is laid out in rows of so many samples, one discriminator for each.
        period_widths: channels after each of their convolutions but the last.
        scales: discriminators of the wave itself, each on half the sample rate of the one before.
        scale_widths: channels after each of their seven convolutions but the last.
    """

    periods: Sizes = (2, 3, 5, 7, 11)
    period_widths: Sizes = (32, 128, 512, 1024, 1024)
    scales: Scales = 3
    scale_widths: Sizes = (128, 128, 256, 512, 1024, 1024, 1024)

    mels = {"published": "hifigan_22k"}  # noqa: RUF012
    named = {"published": {}}  # noqa: RUF012

    def __post_init__(self):
        super().__post_init__()
        if len(self.scale_widths) != len(GROUPS):
            raise TfvcError(f"scale_widths must be {len(GROUPS)} numbers, received {len(self.scale_widths)}")
        for i, groups in enumerate(GROUPS[1:], 1):
            if any(width % groups for width in self.scale_widths[i - 1 : i + 1]):
                raise TfvcError(
                    f"scale_widths {self.scale_widths[i - 1 : i + 1]} lie on both sides of a convolution in {groups} "
                    f"groups; take multiples of {groups}"
                )
