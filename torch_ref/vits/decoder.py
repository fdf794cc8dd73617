"""HiFi-GAN's generator with a condition (jaywalnut310/vits, models.py)."""

import torch
from torch import nn

from ..hifigan import Generator


class Decoder(Generator):
    """z [B, channels, T], g [B, gin, 1] -> wave [B, 1, T * hop].

    Unlike HiFi-GAN's own, its first and last convolution are without weight norm, and the last without a bias.
    """

    def __init__(self, channels: int, gin: int, **sizes):
        super().__init__(n_mels=channels, **sizes)
        self.conv_pre = nn.Conv1d(channels, sizes["upsample_initial_channel"], 7, padding=3)
        last = self.conv_post
        self.conv_post = nn.Conv1d(last.in_channels, 1, 7, padding=3, bias=False)
        if gin:
            self.cond = nn.Conv1d(gin, sizes["upsample_initial_channel"], 1)

    def forward(self, z: torch.Tensor, g: torch.Tensor | None = None) -> torch.Tensor:
        return self.upsample(self.conv_pre(z) if g is None else self.conv_pre(z) + self.cond(g))
