"""HiFi-GAN's losses, and the two sides that train with them (jik876/hifi-gan, models.py, meldataset.py, train.py)."""

import functools
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ..melgan import Maps


@functools.cache
def mel_matrix(
    sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """Slaney's mel filters, [n_mels, n_fft // 2 + 1], in double precision; librosa's default is single."""
    import librosa

    sizes = {"sr": sample_rate, "n_fft": n_fft, "n_mels": n_mels, "fmin": fmin, "fmax": fmax}
    return torch.from_numpy(librosa.filters.mel(**sizes, dtype=float)).to(device, dtype)


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
    fmax = sample_rate / 2 if fmax is None else fmax
    matrix = mel_matrix(sample_rate, n_fft, n_mels, fmin, fmax, wave.dtype, wave.device)
    return torch.log((matrix @ magnitude).clamp(min=1e-5))


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
