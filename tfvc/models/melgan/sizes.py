"""The sizes that both MelGANs have."""

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from tfvc.common.config import Config, Scales, Size, Sizes, Weight
from tfvc.common.errors import TfvcError

_STRIDED_LAYERS = 4


@dataclass(frozen=True)
class MelGANSizes(Config):
    """Sizes of a MelGAN, and the weights of its losses.

    Attributes:
        n_mels: mel channels.
        channels: width after the generator's first convolution; each upsampling halves it.
        upsample_rates: frames are stretched by these; their product is the hop of the mel.
        residual_layers: dilated residual layers after each upsampling, with dilations 1, 3, 9, ...
        discriminator_scales: discriminators, each on half the sample rate of the one before.
        discriminator_channels: width after a discriminator's first convolution; each strided one makes it fourfold.
        discriminator_max_channels: no wider than this.
        feature_weight: weight of the feature matching loss.
        mel_weight: weight of the L1 distance between the mels of both waves; none in the published models.
    """

    n_mels: Size = 80
    channels: Size = 512
    upsample_rates: Sizes = (8, 8, 2, 2)
    residual_layers: Annotated[int, Ge(1), Le(8)] = 3
    discriminator_scales: Scales = 3
    discriminator_channels: Annotated[int, Ge(4), Le(1 << 12)] = 16
    discriminator_max_channels: Size = 1024
    feature_weight: Weight = 10.0
    mel_weight: Weight = 0.0

    def __post_init__(self):
        super().__post_init__()
        if self.channels % 2 ** len(self.upsample_rates):
            raise TfvcError(
                f"channels = {self.channels} cannot be halved {len(self.upsample_rates)} times; "
                f"take a multiple of {2 ** len(self.upsample_rates)}"
            )
        before = self.discriminator_channels
        for channels, groups in self.strided_layers:
            if before % groups or channels % groups:
                raise TfvcError(
                    f"discriminator_channels = {self.discriminator_channels}, discriminator_max_channels = "
                    f"{self.discriminator_max_channels}: a convolution from {before} to {channels} channels cannot be "
                    f"one in {groups} groups; take powers of two"
                )
            before = channels

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return math.prod(self.upsample_rates)

    @property
    def strided_layers(self) -> list[tuple[int, int]]:
        """Channels and groups of a discriminator's strided convolutions."""
        layers, channels = [], self.discriminator_channels
        for _ in range(_STRIDED_LAYERS):
            groups, channels = max(channels // 4, 1), min(4 * channels, self.discriminator_max_channels)
            layers.append((channels, groups))
        return layers
