"""`hifigan_small`: HiFi-GAN between V1 and V2, on `hifigan_22k` mels.

The generator first learns from the mels alone, without discriminators, which is several times faster a step; then all
is upstream's, but that one forward pass of the generator serves both sides of a step, as upstream's own loop has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ..hifigan import (
    Generator,
    MultiPeriodDiscriminator,
    MultiScaleDiscriminator,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
    mel_spectrogram,
)
from ..melgan import Maps
from .corpus import Rows
from .schedule import cosine

CONFIG = {
    "upsample_rates": (8, 8, 2, 2),
    "upsample_kernel_sizes": (16, 16, 4, 4),
    "upsample_initial_channel": 256,
    "resblock": "1",
    "resblock_kernel_sizes": (3, 7, 11),
    "resblock_dilation_sizes": ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
}


@dataclass(frozen=True)
class Settings:
    """What a run is made of.

    Attributes:
        batch, segment: waves a step and their samples.
        warmup: part of the run that the generator takes alone.
        warmup_rate, learning_rate, final_learning_rate: of both sides, along a cosine from the warm-up's end.
        gains: each segment is multiplied by a number drawn from this range.
        bf16: discriminators (and, with `bf16_generator`, the generator) compute in bfloat16.
        streams: each discriminator has a CUDA stream of its own: one alone leaves most of the GPU idle.
    """

    batch: int = 16
    segment: int = 8192
    warmup: float = 0.15
    warmup_rate: float = 5e-4
    learning_rate: float = 2e-4
    final_learning_rate: float = 2e-5
    mel_weight: float = 45.0
    gains: tuple[float, float] = (0.3, 1.0)
    ema: float = 0.999
    bf16: bool = True
    bf16_generator: bool = False
    streams: bool = True


def in_float32(maps: list[torch.Tensor]) -> list[torch.Tensor]:
    return [part.float() for part in maps]


class Run:
    """A training that can be captured in CUDA graphs, one a stage: no step waits for the CPU."""

    def __init__(self, settings: Settings, waves: Rows):
        self.settings, self.waves = settings, waves
        device = waves.values.device
        self.generator = Generator(**CONFIG).to(device)
        self.mpd, self.msd = MultiPeriodDiscriminator().to(device), MultiScaleDiscriminator().to(device)
        self.average = Generator(**CONFIG).to(device)
        self.average.load_state_dict(self.generator.state_dict())
        self.rate = torch.tensor(settings.warmup_rate, device=device)
        options = {
            "lr": self.rate,
            "betas": (0.8, 0.99),
            "weight_decay": 0.01,
            "fused": device.type == "cuda",
            "capturable": device.type == "cuda",
        }
        self.judges = [*self.mpd.parameters(), *self.msd.parameters()]
        self.adam_g = torch.optim.AdamW(self.generator.parameters(), **options)
        self.adam_d = torch.optim.AdamW(self.judges, **options)
        names = ("mel", "adversarial", "feature", "discriminator")
        self.shown = {name: torch.zeros((), device=device) for name in names}
        self.parts = [*self.mpd.discriminators, *self.msd.discriminators]
        self.streams = [torch.cuda.Stream() for _ in self.parts] if settings.streams and device.type == "cuda" else None

    def stages(self) -> dict[str, Callable[[], None]]:
        """What a step can be, by name."""
        return {"generator alone": self.step_alone, "both": self.step}

    def begin(self, progress: float) -> str:
        """Sets the learning rate for this `progress` through the run, 0 to 1; which stage it is."""
        settings = self.settings
        if progress < settings.warmup:
            self.rate.fill_(settings.warmup_rate)
            return "generator alone"
        part = (progress - settings.warmup) / (1 - settings.warmup)
        self.rate.fill_(cosine(part, settings.learning_rate, settings.final_learning_rate))
        return "both"

    def batch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(mel [B, 80, F], wave [B, 1, T])."""
        settings = self.settings
        wave, _ = self.waves.draw(settings.batch, settings.segment)
        low, high = settings.gains
        gain = low + (high - low) * torch.rand(settings.batch, 1, device=wave.device)
        wave = (wave.float() / 32768 * gain)[:, None]
        return mel_spectrogram(wave, fmax=8000.0), wave

    def generate(self, mel: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.rate.device.type, torch.bfloat16, enabled=self.settings.bf16_generator):
            return self.generator(mel).float()

    def discriminate(self, wave: torch.Tensor) -> Maps:
        """The maps of every period and then of every scale."""
        waves = [wave] * (len(self.mpd.discriminators) + 1)
        for pool in self.msd.meanpools:
            waves.append(pool(waves[-1]))
        with torch.autocast(self.rate.device.type, torch.bfloat16, enabled=self.settings.bf16):
            if self.streams is None:
                return [in_float32(part(x)) for part, x in zip(self.parts, waves, strict=True)]
            here, maps = torch.cuda.current_stream(), []
            for part, x, stream in zip(self.parts, waves, self.streams, strict=True):
                stream.wait_stream(here)
                with torch.cuda.stream(stream):
                    maps.append(in_float32(part(x)))
            for stream in self.streams:
                here.wait_stream(stream)
            return maps

    def step_alone(self) -> None:
        """One step of the warm-up."""
        mel, wave = self.batch()
        loss = functional.l1_loss(mel_spectrogram(self.generate(mel)), mel_spectrogram(wave))
        self._step_generator({"mel": loss}, self.settings.mel_weight * loss)

    def step(self) -> None:
        """One step of both sides, the discriminators' first."""
        mel, wave = self.batch()
        fake = self.generate(mel)
        loss = discriminator_loss(self.discriminate(fake.detach()), self.discriminate(wave))
        self.adam_d.zero_grad(set_to_none=True)
        loss.backward()
        self.adam_d.step()

        for parameter in self.judges:
            parameter.requires_grad_(False)
        with torch.no_grad():
            real_maps = self.discriminate(wave)
        fake_maps = self.discriminate(fake)
        losses = {
            "adversarial": adversarial_loss(fake_maps),
            "feature": feature_loss(fake_maps, real_maps),
            "mel": functional.l1_loss(mel_spectrogram(fake), mel_spectrogram(wave)),
        }
        total = losses["adversarial"] + losses["feature"] + self.settings.mel_weight * losses["mel"]
        self._step_generator({**losses, "discriminator": loss}, total)
        for parameter in self.judges:
            parameter.requires_grad_(True)

    def _step_generator(self, losses: dict[str, torch.Tensor], total: torch.Tensor) -> None:
        self.adam_g.zero_grad(set_to_none=True)
        total.backward()
        self.adam_g.step()
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.generator.parameters()), 1 - self.settings.ema
            )
            for name, value in losses.items():
                self.shown[name].lerp_(value.detach(), 0.01)

    def result(self) -> dict[str, torch.Tensor]:
        """The running mean of the generator's weights."""
        return self.average.state_dict()
