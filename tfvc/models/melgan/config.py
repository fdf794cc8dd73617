"""What defines a MelGAN."""

import math
from dataclasses import dataclass

from tfvc.common.config import Config
from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class MelGANConfig(Config):
    """Shape and sizes of a MelGAN, and the weights of its losses.

    Attributes:
        shape: "descript" (descriptinc/melgan-neurips, the paper's authors: reflected padding, shortcuts with
            convolutions, hinge loss) or "keras_io" (the keras.io example: "same" padding, kernels of 16 in every
            upsampling, least-squares loss, both networks updated from one forward pass).
        n_mels: mel channels.
        channels: width after the generator's first convolution; each upsampling halves it.
        upsample_rates: frames are stretched by these; their product is the hop of the mel.
        residual_layers: dilated residual layers after each upsampling, with dilations 1, 3, 9, ...
        discriminator_scales: discriminators, each on half the sample rate of the one before.
        discriminator_channels: width after a discriminator's first convolution; each strided one makes it fourfold.
        discriminator_max_channels: no wider than this.
        feature_weight: weight of the feature matching loss.
        mel_weight: weight of the L1 distance between the mels of both waves; none in the published models.
        weight_norm: whether kernels are normalised; off in a generator whose weights have been fused.
    """

    shape: str = "descript"
    n_mels: int = 80
    channels: int = 512
    upsample_rates: tuple = (8, 8, 2, 2)
    residual_layers: int = 3
    discriminator_scales: int = 3
    discriminator_channels: int = 16
    discriminator_max_channels: int = 1024
    feature_weight: float = 10.0
    mel_weight: float = 0.0
    weight_norm: bool = True

    mels = {"descript": "melgan_22k", "keras_io": "keras_22k", "small": "hifigan_22k"}  # noqa: RUF012
    named = {  # noqa: RUF012
        "descript": dict(shape="descript"),
        "keras_io": dict(shape="keras_io"),
        # For two CPU cores.
        "small": dict(
            shape="descript",
            channels=256,
            discriminator_channels=8,
            discriminator_max_channels=256,
            mel_weight=15.0,
        ),
    }

    def __post_init__(self):
        if self.shape not in ("descript", "keras_io"):
            raise TfvcError(f'shape must be "descript" or "keras_io", received {self.shape!r}')
        if not self.upsample_rates or not all(isinstance(r, int) and r > 0 for r in self.upsample_rates):
            raise TfvcError(f"upsample_rates must be positive whole numbers, received {self.upsample_rates}")
        if self.shape == "descript" and 1 in self.upsample_rates:
            raise TfvcError("an upsample rate of 1 stretches nothing; leave it out of upsample_rates")
        if self.channels % 2 ** len(self.upsample_rates):
            raise TfvcError(
                f"channels = {self.channels} cannot be halved {len(self.upsample_rates)} times; "
                f"take a multiple of {2 ** len(self.upsample_rates)}"
            )
        if self.shape == "keras_io" and any(rate > 16 or rate % 2 for rate in self.upsample_rates):
            raise TfvcError(f"kernels of 16 want even upsample_rates up to 16, received {self.upsample_rates}")

    @property
    def hop(self) -> int:
        """Samples for each frame."""
        return math.prod(self.upsample_rates)
