"""MelGAN as in descriptinc/melgan-neurips (mel2wav/modules.py, scripts/train.py), with its state-dict keys.

Mels are [batch, n_mels, frames] and waves [batch, 1, samples], torch's own layout. A discriminator gives one list
per scale, and each list holds its feature maps and, last, its score.
"""

import math
import warnings

import torch
from torch import nn
from torch.nn import functional

Maps = list[list[torch.Tensor]]


def weight_norm(module: nn.Module) -> nn.Module:
    """Weight norm with the keys `weight_g` and `weight_v` of the published checkpoints.

    PyTorch warns that this function is the older of its two; the newer one names the two parts differently.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r".*torch\.nn\.utils\.weight_norm", FutureWarning)
        return nn.utils.weight_norm(module)


def remove_weight_norm(module: nn.Module) -> nn.Module:
    """Fuse every `weight_g` and `weight_v` inside `module` into a plain `weight`."""
    for part in module.modules():
        if hasattr(part, "weight_g"):
            nn.utils.remove_weight_norm(part)
    return module


def conv(in_channels: int, out_channels: int, kernel: int, **options: int) -> nn.Module:
    """Weight-normed Conv1d with torch's initial values.

    Upstream also draws `weight` from N(0, 0.02), but after weight norm took hold: there `weight` is only the
    product of `weight_g` and `weight_v`, made anew before every forward pass, and the draw is lost.
    """
    return weight_norm(nn.Conv1d(in_channels, out_channels, kernel, **options))


class ResnetBlock(nn.Module):
    """Dilated residual block with a learned shortcut: [B, channels, T] -> [B, channels, T]."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.block = nn.Sequential(
            nn.LeakyReLU(0.2),
            nn.ReflectionPad1d(dilation),
            conv(channels, channels, 3, dilation=dilation),
            nn.LeakyReLU(0.2),
            conv(channels, channels, 1),
        )
        self.shortcut = conv(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.shortcut(x) + self.block(x)


class Generator(nn.Module):
    """mel [B, n_mels, F] -> wave [B, 1, F * hop]; `channels` is the widest layer, each stage halves it."""

    def __init__(
        self,
        n_mels: int = 80,
        channels: int = 512,
        upsample_rates: tuple[int, ...] = (8, 8, 2, 2),
        residual_layers: int = 3,
    ):
        super().__init__()
        self.hop = math.prod(upsample_rates)
        layers = [nn.ReflectionPad1d(3), conv(n_mels, channels, 7)]
        for rate in upsample_rates:
            # An odd rate needs one more sample of padding and gives it back at the end: always T * rate samples.
            upsample = nn.ConvTranspose1d(
                channels, channels // 2, 2 * rate, rate, padding=rate // 2 + rate % 2, output_padding=rate % 2
            )
            channels //= 2
            layers += [nn.LeakyReLU(0.2), weight_norm(upsample)]
            layers += [ResnetBlock(channels, dilation=3**j) for j in range(residual_layers)]
        layers += [nn.LeakyReLU(0.2), nn.ReflectionPad1d(3), conv(channels, 1, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.model(mel)


class ScaleDiscriminator(nn.Module):
    """wave [B, 1, T] -> `layers + 2` feature maps and the score (upstream's NLayerDiscriminator)."""

    def __init__(self, channels: int, layers: int, max_channels: int, stride: int = 4):
        super().__init__()
        blocks = [nn.Sequential(nn.ReflectionPad1d(7), conv(1, channels, 15), nn.LeakyReLU(0.2))]
        for _ in range(layers):
            wider = min(channels * stride, max_channels)
            grouped = conv(channels, wider, 10 * stride + 1, stride=stride, padding=5 * stride, groups=channels // 4)
            blocks.append(nn.Sequential(grouped, nn.LeakyReLU(0.2)))
            channels = wider
        wider = min(2 * channels, max_channels)
        blocks.append(nn.Sequential(conv(channels, wider, 5, padding=2), nn.LeakyReLU(0.2)))
        blocks.append(conv(wider, 1, 3, padding=1))
        self.model = nn.ModuleDict({f"layer_{i}": block for i, block in enumerate(blocks)})

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        maps = []
        for block in self.model.values():
            x = block(x)
            maps.append(x)
        return maps


class Discriminator(nn.Module):
    """wave [B, 1, T] -> the maps of every scale; each scale sees the wave of the one before at half the rate."""

    def __init__(self, scales: int = 3, channels: int = 16, layers: int = 4, max_channels: int = 1024):
        super().__init__()
        self.model = nn.ModuleDict(
            {f"disc_{i}": ScaleDiscriminator(channels, layers, max_channels) for i in range(scales)}
        )
        self.downsample = nn.AvgPool1d(4, stride=2, padding=1, count_include_pad=False)

    def forward(self, wave: torch.Tensor) -> Maps:
        maps = []
        for discriminator in self.model.values():
            maps.append(discriminator(wave))
            wave = self.downsample(wave)
        return maps


def discriminator_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """Hinge loss, summed over the scales: real scores above 1 and fake ones below -1 cost nothing."""
    scores = [(f[-1], r[-1]) for f, r in zip(fake, real, strict=True)]
    return sum(functional.relu(1 + f).mean() + functional.relu(1 - r).mean() for f, r in scores)


def adversarial_loss(fake: Maps) -> torch.Tensor:
    """The generator's side of the hinge loss, summed over the scales."""
    return -sum(maps[-1].mean() for maps in fake)


def feature_loss(fake: Maps, real: Maps) -> torch.Tensor:
    """L1 distance of the feature maps; upstream's weight is 4 / (layers + 1) / scales for each map."""
    weight = 4 / (len(fake[0]) - 2) / len(fake)
    pairs = [pair for f, r in zip(fake, real, strict=True) for pair in zip(f[:-1], r[:-1], strict=True)]
    return weight * sum(functional.l1_loss(f, r.detach()) for f, r in pairs)


class MelGAN(nn.Module):
    """Generator and discriminator side by side, with the losses of both: mel [B, n_mels, F], wave [B, 1, T].

    Where the generated F * hop samples and the T given ones differ, both are cut to the shorter length. A subclass
    with other losses replaces the three loss functions.
    """

    discriminator_loss = staticmethod(discriminator_loss)
    adversarial_loss = staticmethod(adversarial_loss)
    feature_loss = staticmethod(feature_loss)

    def __init__(self, generator: nn.Module, discriminator: nn.Module, feature_weight: float = 10.0):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.feature_weight = feature_weight

    def waves(self, mel: torch.Tensor, wave: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The generated and the real wave, of one length."""
        return self.generator(mel)[..., : wave.shape[-1]], wave[..., : mel.shape[-1] * self.generator.hop]

    def real_features(self, wave: torch.Tensor, mel: torch.Tensor | None = None) -> Maps:
        """Maps of the real wave, detached. A wave longer than its mel has to come with it, to be cut."""
        if mel is not None:
            wave = wave[..., : mel.shape[-1] * self.generator.hop]
        with torch.no_grad():
            return self.discriminator(wave)

    def discriminator_losses(self, mel: torch.Tensor, wave: torch.Tensor) -> dict[str, torch.Tensor]:
        """Loss `discriminator`, with no gradient into the generator."""
        fake, real = self.waves(mel, wave)
        return {"discriminator": self.discriminator_loss(self.discriminator(fake.detach()), self.discriminator(real))}

    def generator_losses(self, mel: torch.Tensor, wave: torch.Tensor, real: Maps) -> dict[str, torch.Tensor]:
        """`generator` is minimised; `real` are the `real_features` from before the discriminator's step."""
        fake = self.discriminator(self.waves(mel, wave)[0])
        losses = {"adversarial": self.adversarial_loss(fake), "feature": self.feature_loss(fake, real)}
        return {"generator": losses["adversarial"] + self.feature_weight * losses["feature"], **losses}
