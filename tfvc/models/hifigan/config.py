"""What defines a HiFi-GAN generator."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import MinLen

from tfvc.common.config import Config, Size, Sizes
from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class HiFiGANConfig(Config):
    """Sizes of a HiFi-GAN generator, by upstream's names.

    Attributes:
        n_mels: mel channels (upstream's `num_mels`).
        upsample_rates: frames are stretched by these; their product is the hop of the mel.
        upsample_kernel_sizes: taps of each upsampling; that less its rate must be even.
        upsample_initial_channel: width after the first convolution; each upsampling halves it.
        resblock: "1" (pairs of convolutions, the second undilated) or "2" (single ones).
        resblock_kernel_sizes: taps of the residual blocks whose outputs are averaged after each upsampling.
        resblock_dilation_sizes: dilations within each of them.
    """

    n_mels: Size = 80
    upsample_rates: Sizes = (8, 8, 2, 2)
    upsample_kernel_sizes: Sizes = (16, 16, 4, 4)
    upsample_initial_channel: Size = 512
    resblock: Literal["1", "2"] = "1"
    resblock_kernel_sizes: Sizes = (3, 7, 11)
    resblock_dilation_sizes: Annotated[tuple[Sizes, ...], MinLen(1)] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    mels = {"v1": "hifigan_22k", "v2": "hifigan_22k", "v3": "hifigan_22k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        "v1": dict(),
        "v2": dict(upsample_initial_channel=128),
        "v3": dict(
            upsample_rates=(8, 8, 4),
            upsample_kernel_sizes=(16, 16, 8),
            upsample_initial_channel=256,
            resblock="2",
            resblock_kernel_sizes=(3, 5, 7),
            resblock_dilation_sizes=((1, 2), (2, 6), (3, 12)),
        ),
    }

    def __post_init__(self):
        super().__post_init__()
        if len(self.upsample_kernel_sizes) != len(self.upsample_rates):
            raise TfvcError(
                f"{len(self.upsample_rates)} upsample_rates need as many upsample_kernel_sizes, "
                f"received {len(self.upsample_kernel_sizes)}"
            )
        if len(self.resblock_dilation_sizes) != len(self.resblock_kernel_sizes):
            raise TfvcError(
                f"{len(self.resblock_kernel_sizes)} resblock_kernel_sizes need as many resblock_dilation_sizes, "
                f"received {len(self.resblock_dilation_sizes)}"
            )
        for rate, size in zip(self.upsample_rates, self.upsample_kernel_sizes, strict=True):
            if size < rate or (size - rate) % 2:
                raise TfvcError(
                    f"upsample_kernel_sizes: an upsampling by {rate} with a kernel of {size}: the kernel must be "
                    f"{rate} or more, by an even number; take {2 * rate + rate % 2}"
                )
        if any(size % 2 == 0 for size in self.resblock_kernel_sizes):
            raise TfvcError(f"resblock_kernel_sizes must be odd, received {self.resblock_kernel_sizes}")
        if self.upsample_initial_channel % 2 ** len(self.upsample_rates):
            raise TfvcError(
                f"upsample_initial_channel = {self.upsample_initial_channel} cannot be halved "
                f"{len(self.upsample_rates)} times; take a multiple of {2 ** len(self.upsample_rates)}"
            )

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return math.prod(self.upsample_rates)
