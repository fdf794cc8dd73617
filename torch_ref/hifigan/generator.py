"""HiFi-GAN's generator (jik876/hifi-gan, models.py)."""

import math

import torch
from torch import nn
from torch.nn import functional

from ..melgan import weight_norm

SLOPE = 0.1

CONFIGS = {
    "v1": {
        "upsample_rates": (8, 8, 2, 2),
        "upsample_kernel_sizes": (16, 16, 4, 4),
        "upsample_initial_channel": 512,
        "resblock": "1",
        "resblock_kernel_sizes": (3, 7, 11),
        "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    },
    "v2": {
        "upsample_rates": (8, 8, 2, 2),
        "upsample_kernel_sizes": (16, 16, 4, 4),
        "upsample_initial_channel": 128,
        "resblock": "1",
        "resblock_kernel_sizes": (3, 7, 11),
        "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
    },
    "v3": {
        "upsample_rates": (8, 8, 4),
        "upsample_kernel_sizes": (16, 16, 8),
        "upsample_initial_channel": 256,
        "resblock": "2",
        "resblock_kernel_sizes": (3, 5, 7),
        "resblock_dilation_sizes": ((1, 2), (2, 6), (3, 12)),
    },
}


def same_conv(channels: int, kernel: int, dilation: int) -> nn.Module:
    """Weight-normed Conv1d for an odd kernel: [B, channels, T] -> [B, channels, T].

    Upstream also draws `weight` from N(0, 0.01) here, in `ups` and in `conv_post`, but after weight norm took hold:
    the draw is lost, and torch's initial values stay.
    """
    padding = (kernel - 1) * dilation // 2
    return weight_norm(nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding))


class ResBlock1(nn.Module):
    """Each residual step is a dilated convolution and a plain one: [B, channels, T] -> [B, channels, T]."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]):
        super().__init__()
        self.convs1 = nn.ModuleList([same_conv(channels, kernel, dilation) for dilation in dilations])
        self.convs2 = nn.ModuleList([same_conv(channels, kernel, 1) for _ in dilations])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            step = dilated(functional.leaky_relu(x, SLOPE))
            x = x + plain(functional.leaky_relu(step, SLOPE))
        return x


class ResBlock2(nn.Module):
    """Each residual step is one dilated convolution: [B, channels, T] -> [B, channels, T]."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]):
        super().__init__()
        self.convs = nn.ModuleList([same_conv(channels, kernel, dilation) for dilation in dilations])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            x = x + conv(functional.leaky_relu(x, SLOPE))
        return x


class Generator(nn.Module):
    """mel [B, n_mels, F] -> wave [B, 1, F * hop]; every stage halves the channels. `Generator(**CONFIGS["v1"])`.

    The lengths are F * hop where each upsampling kernel is longer than its rate by an even number. A stage gives the
    mean of its residual blocks, one for each of `resblock_kernel_sizes`.
    """

    def __init__(
        self,
        upsample_rates: tuple[int, ...],
        upsample_kernel_sizes: tuple[int, ...],
        upsample_initial_channel: int,
        resblock: str,
        resblock_kernel_sizes: tuple[int, ...],
        resblock_dilation_sizes: tuple[tuple[int, ...], ...],
        n_mels: int = 80,
    ):
        super().__init__()
        self.hop = math.prod(upsample_rates)
        self.blocks_per_stage = len(resblock_kernel_sizes)
        block = {"1": ResBlock1, "2": ResBlock2}[resblock]
        channels = upsample_initial_channel
        self.conv_pre = weight_norm(nn.Conv1d(n_mels, channels, 7, padding=3))
        self.ups, self.resblocks = nn.ModuleList(), nn.ModuleList()
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            upsample = nn.ConvTranspose1d(channels, channels // 2, kernel, rate, padding=(kernel - rate) // 2)
            channels //= 2
            self.ups.append(weight_norm(upsample))
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(channels, size, dilations))
        self.conv_post = weight_norm(nn.Conv1d(channels, 1, 7, padding=3))

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.upsample(self.conv_pre(mel))

    def upsample(self, x: torch.Tensor) -> torch.Tensor:
        """Behind the first convolution: [B, upsample_initial_channel, F] -> wave [B, 1, F * hop]."""
        for i, upsample in enumerate(self.ups):
            x = upsample(functional.leaky_relu(x, SLOPE))
            blocks = self.resblocks[i * self.blocks_per_stage : (i + 1) * self.blocks_per_stage]
            x = sum(block(x) for block in blocks) / self.blocks_per_stage
        # Here upstream names no slope, and torch's own, 0.01, holds.
        return torch.tanh(self.conv_post(functional.leaky_relu(x)))
