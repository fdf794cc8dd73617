"""HiFi-GAN as in jik876/hifi-gan (models.py, meldataset.py, train.py), with its state-dict keys.

Mels are [batch, n_mels, frames] and waves [batch, 1, samples], torch's own layout. A discriminator gives one list
per period or scale, and each list holds its feature maps and, last, its score.
"""

import functools
import math
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from torch_ref.melgan import Maps, weight_norm

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
        x = self.conv_pre(mel)
        for i, upsample in enumerate(self.ups):
            x = upsample(functional.leaky_relu(x, SLOPE))
            blocks = self.resblocks[i * self.blocks_per_stage : (i + 1) * self.blocks_per_stage]
            x = sum(block(x) for block in blocks) / self.blocks_per_stage
        # Here upstream names no slope, and torch's own, 0.01, holds.
        return torch.tanh(self.conv_post(functional.leaky_relu(x)))


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


@functools.cache
def mel_matrix(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> torch.Tensor:
    """Slaney's mel filters, [n_mels, n_fft // 2 + 1], in double precision; librosa's default is single."""
    import librosa

    sizes = {"sr": sample_rate, "n_fft": n_fft, "n_mels": n_mels, "fmin": fmin, "fmax": fmax}
    return torch.from_numpy(librosa.filters.mel(**sizes, dtype=float))


def mel_spectrogram(
    wave: torch.Tensor,
    sample_rate: int = 22050,
    n_fft: int = 1024,
    hop: int = 256,
    n_mels: int = 80,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> torch.Tensor:
    """ln-mel of the loss: wave [B, 1, T] -> [B, n_mels, T // hop].

    It reaches up to half the sample rate; the mels that the published generators read stop at `fmax` 8000.
    """
    padding = (n_fft - hop) // 2
    wave = functional.pad(wave, (padding, padding), "reflect")[:, 0]
    window = torch.hann_window(n_fft, dtype=wave.dtype, device=wave.device)
    spectrum = torch.stft(wave, n_fft, hop, window=window, center=False, return_complex=True)
    # The small constant keeps the gradient of the root finite in silence.
    magnitude = (spectrum.real**2 + spectrum.imag**2 + 1e-9).sqrt()
    matrix = mel_matrix(sample_rate, n_fft, n_mels, fmin, sample_rate / 2 if fmax is None else fmax)
    return torch.log((matrix.to(magnitude) @ magnitude).clamp(min=1e-5))


def discriminator_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """Least squares, summed over periods and scales: real scores should be 1 and fake ones 0."""
    scores = [(f[-1], r[-1]) for f, r in zip(fake, real, strict=True)]
    return sum(((1 - r) ** 2).mean() + (f**2).mean() for f, r in scores)


def adversarial_loss(fake: Maps) -> torch.Tensor:
    """The generator's side of the least squares: fake scores should be 1."""
    return sum(((1 - maps[-1]) ** 2).mean() for maps in fake)


def feature_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """Twice the summed L1 distances of all maps. The score counts as a map here, unlike in MelGAN."""
    pairs = [pair for f, r in zip(fake, real, strict=True) for pair in zip(f, r, strict=True)]
    return 2 * sum(functional.l1_loss(f, r.detach()) for f, r in pairs)


class HiFiGAN(nn.Module):
    """Generator and both discriminators, with the losses of both sides: mel [B, n_mels, F], wave [B, 1, T].

    `loss_mel` takes a wave [B, 1, T] and gives the mel that the generator's loss compares; it is not the mel that
    the generator reads. Where the generated F * hop samples and the T given ones differ, both are cut to the shorter
    length.
    """

    def __init__(
        self,
        generator: nn.Module,
        mpd: nn.Module,
        msd: nn.Module,
        loss_mel: Callable[[torch.Tensor], torch.Tensor] = mel_spectrogram,
        mel_weight: float = 45.0,
    ):
        super().__init__()
        self.generator = generator
        self.mpd = mpd
        self.msd = msd
        self.loss_mel = loss_mel
        self.mel_weight = mel_weight

    def waves(self, mel: torch.Tensor, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The generated and the real wave, of one length."""
        return self.generator(mel)[..., : wave.shape[-1]], wave[..., : mel.shape[-1] * self.generator.hop]

    def discriminate(self, wave: torch.Tensor) -> Maps:
        """The maps of every period and then of every scale."""
        return [*self.mpd(wave), *self.msd(wave)]

    def discriminator_losses(self, mel: torch.Tensor, wave: torch.Tensor) -> dict[str, torch.Tensor]:
        """Loss `discriminator`, with no gradient into the generator.

        The real wave goes first, as upstream: spectral norm moves on between the two.
        """
        fake, real = self.waves(mel, wave)
        real_maps = self.discriminate(real)
        return {"discriminator": discriminator_loss(self.discriminate(fake.detach()), real_maps)}

    def generator_losses(self, mel: torch.Tensor, wave: torch.Tensor) -> dict[str, torch.Tensor]:
        """`generator` is minimised; both waves are judged by the discriminators as they now are."""
        fake, real = self.waves(mel, wave)
        with torch.no_grad():
            real_maps, real_mel = self.discriminate(real), self.loss_mel(real)
        fake_maps = self.discriminate(fake)
        losses = {
            "adversarial": adversarial_loss(fake_maps),
            "feature": feature_loss(fake_maps, real_maps),
            "mel": functional.l1_loss(self.loss_mel(fake), real_mel),
        }
        return {"generator": losses["adversarial"] + losses["feature"] + self.mel_weight * losses["mel"], **losses}
