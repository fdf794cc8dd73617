"""HiFi-GAN's multi-period and multi-scale discriminators (jik876/hifi-gan, models.py)."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ..melgan import Maps, weight_norm
from .generator import SLOPE


class PeriodDiscriminator(nn.Module):
    """wave [B, 1, T] -> maps [B, width, rows, period], one for each width, and the score [B, 1, rows, period].

    The wave is laid out in rows of `period` samples and every convolution runs down the columns.
    """

    def __init__(self, period: int, widths: tuple[int, ...] = (32, 128, 512, 1024, 1024)):
        super().__init__()
        self.period = period
        strides = [3] * (len(widths) - 1) + [1]
        self.convs = nn.ModuleList(
            [
                weight_norm(nn.Conv2d(narrow, wide, (5, 1), (stride, 1), padding=(2, 0)))
                for narrow, wide, stride in zip((1, *widths[:-1]), widths, strides, strict=True)
            ]
        )
        self.conv_post = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wave: torch.Tensor) -> list[torch.Tensor]:
        missing = -wave.shape[-1] % self.period
        if missing:
            wave = functional.pad(wave, (0, missing), "reflect")
        x = wave.reshape(len(wave), 1, -1, self.period)
        maps = []
        for conv in self.convs:
            x = functional.leaky_relu(conv(x), SLOPE)
            maps.append(x)
        return [*maps, self.conv_post(x)]


class MultiPeriodDiscriminator(nn.Module):
    """wave [B, 1, T] -> the maps of every period."""

    def __init__(
        self,
        periods: tuple[int, ...] = (2, 3, 5, 7, 11),
        widths: tuple[int, ...] = (32, 128, 512, 1024, 1024),
    ):
        super().__init__()
        self.discriminators = nn.ModuleList([PeriodDiscriminator(period, widths) for period in periods])

    def forward(self, wave: torch.Tensor) -> Maps:
        return [discriminator(wave) for discriminator in self.discriminators]


class ScaleDiscriminator(nn.Module):
    """wave [B, 1, T] -> maps [B, width, steps], one for each of the seven widths, and the score [B, 1, steps].

    `groups` has to divide the widths on both sides of its layer.
    """

    kernels = (15, 41, 41, 41, 41, 41, 5)
    strides = (1, 2, 2, 4, 4, 1, 1)
    groups = (1, 4, 16, 16, 16, 16, 1)

    def __init__(self, norm: Callable[[nn.Module], nn.Module], widths: tuple[int, ...]):
        super().__init__()
        layers = zip((1, *widths[:-1]), widths, self.kernels, self.strides, self.groups, strict=True)
        self.convs = nn.ModuleList(
            [
                norm(nn.Conv1d(narrow, wide, kernel, stride, padding=kernel // 2, groups=groups))
                for narrow, wide, kernel, stride, groups in layers
            ]
        )
        self.conv_post = norm(nn.Conv1d(widths[-1], 1, 3, padding=1))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for conv in self.convs:
            x = functional.leaky_relu(conv(x), SLOPE)
            maps.append(x)
        return [*maps, self.conv_post(x)]


class MultiScaleDiscriminator(nn.Module):
    """wave [B, 1, T] -> the maps of every scale; each scale sees the wave of the one before, T // 2 + 1 samples.

    The pooling counts the zeros of its padding. Only the first scale has spectral norm, and every forward pass in
    training mode, even one without gradients, moves its `weight_u` and `weight_v` by one power iteration.
    """

    def __init__(self, scales: int = 3, widths: tuple[int, ...] = (128, 128, 256, 512, 1024, 1024, 1024)):
        super().__init__()
        norms = [nn.utils.spectral_norm] + [weight_norm] * (scales - 1)
        self.discriminators = nn.ModuleList([ScaleDiscriminator(norm, widths) for norm in norms])
        self.meanpools = nn.ModuleList([nn.AvgPool1d(4, 2, padding=2) for _ in norms[1:]])

    def forward(self, wave: torch.Tensor) -> Maps:
        maps = [self.discriminators[0](wave)]
        for pool, discriminator in zip(self.meanpools, self.discriminators[1:], strict=True):
            wave = pool(wave)
            maps.append(discriminator(wave))
        return maps
