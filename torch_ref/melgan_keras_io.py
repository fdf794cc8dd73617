"""MelGAN as in the keras.io example: "same" padding everywhere, kernels of 16 upsample, least-squares losses.

Layouts as in `torch_ref.melgan`. The initial weights are torch's own, not Keras's; the example moreover rescales
the generator's last convolution on its first batch, which is an initial value and no part of the network.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from . import melgan
from .melgan import Maps, conv, weight_norm


def leaky_relu(x: torch.Tensor) -> torch.Tensor:
    """With 0.3, what Keras 2 took where the example names no slope."""
    return functional.leaky_relu(x, 0.3)


def same_padding(length: int, kernel: int, stride: int = 1) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's "same" puts them: ceil(length / stride) outputs, odd zero at the end."""
    outputs = -(-length // stride)
    total = max((outputs - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


class UpsampleBlock(nn.Module):
    """[B, in_channels, T] -> [B, out_channels, T * rate]: transposed convolution, then the residual stack."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, rate: int):
        super().__init__()
        # Exactly T * rate samples, the same number cut at both ends: kernel - rate has to be even.
        upsample = nn.ConvTranspose1d(in_channels, out_channels, kernel, rate, padding=(kernel - rate) // 2)
        self.upsample = weight_norm(upsample)
        self.convs = nn.ModuleList(
            conv(out_channels, out_channels, 3, dilation=d, padding=d) for d in (1, 1, 3, 1, 9, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = leaky_relu(self.upsample(x))
        # The first pair takes x as it is: it has just gone through the activation.
        x = x + self.convs[1](leaky_relu(self.convs[0](x)))
        x = x + self.convs[3](leaky_relu(self.convs[2](leaky_relu(x))))
        x = x + self.convs[5](leaky_relu(self.convs[4](leaky_relu(x))))
        return leaky_relu(x)


class Generator(nn.Module):
    """mel [B, n_mels, F] -> wave [B, 1, F * hop]; every layer but the first convolution is weight-normed."""

    def __init__(
        self,
        n_mels: int = 80,
        channels: int = 512,
        upsample_rates: tuple[int, ...] = (8, 8, 2, 2),
        upsample_kernel: int = 16,
    ):
        super().__init__()
        self.hop = math.prod(upsample_rates)
        self.conv_pre = nn.Conv1d(n_mels, channels, 7, padding=3)
        self.blocks = nn.ModuleList(
            UpsampleBlock(channels >> i, channels >> (i + 1), upsample_kernel, rate)
            for i, rate in enumerate(upsample_rates)
        )
        self.conv_post = conv(channels >> len(upsample_rates), 1, 7, padding=3)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = leaky_relu(self.conv_pre(mel))
        for block in self.blocks:
            x = block(x)
        return torch.tanh(self.conv_post(x))


class ScaleDiscriminator(nn.Module):
    """wave [B, 1, T] -> six feature maps and the score."""

    def __init__(self, channels: int, max_channels: int):
        super().__init__()
        self.convs = nn.ModuleList([conv(1, channels, 15)])
        for _ in range(4):
            wider = min(4 * channels, max_channels)
            self.convs.append(conv(channels, wider, 41, stride=4, groups=channels // 4))
            channels = wider
        self.convs.append(conv(channels, channels, 5))
        self.convs.append(conv(channels, 1, 3))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for layer in self.convs:
            x = layer(functional.pad(x, same_padding(x.shape[-1], *layer.kernel_size, *layer.stride)))
            if layer is not self.convs[-1]:
                x = leaky_relu(x)
            maps.append(x)
        return maps


class Discriminator(nn.Module):
    """wave [B, 1, T] -> the maps of every scale; each scale sees the means of pairs of samples of the one before."""

    def __init__(self, scales: int = 3, channels: int = 16, max_channels: int = 1024):
        super().__init__()
        self.scales = nn.ModuleList(ScaleDiscriminator(channels, max_channels) for _ in range(scales))

    def forward(self, wave: torch.Tensor) -> Maps:
        maps = []
        for discriminator in self.scales:
            maps.append(discriminator(wave))
            wave = functional.avg_pool1d(wave, 2)
        return maps


def mean(values: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack(values).mean()


def discriminator_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """Least squares: real scores to 1, fake ones to 0; each a mean over the scales."""
    return mean([((maps[-1] - 1) ** 2).mean() for maps in real]) + mean([(maps[-1] ** 2).mean() for maps in fake])


def adversarial_loss(fake: Maps) -> torch.Tensor:
    """Least squares of the fake scores to 1, a mean over the scales."""
    return mean([((maps[-1] - 1) ** 2).mean() for maps in fake])


def feature_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """L1 distance of the feature maps, a mean over all maps of all scales."""
    pairs = [pair for f, r in zip(fake, real, strict=True) for pair in zip(f[:-1], r[:-1], strict=True)]
    return mean([functional.l1_loss(f, r.detach()) for f, r in pairs])


class MelGAN(melgan.MelGAN):
    """The same interface with the example's losses."""

    discriminator_loss = staticmethod(discriminator_loss)
    adversarial_loss = staticmethod(adversarial_loss)
    feature_loss = staticmethod(feature_loss)
