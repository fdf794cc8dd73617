"""`autovc_small`: AutoVC on `hifigan_22k` mels, every recording also played slower and faster as further speakers.

A recording played at another speed has another pitch and other formants: another voice, for which the speaker encoder
gives another embedding. 250 speakers become 1,250.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..autovc import Generator
from ..hifigan import mel_spectrogram
from .corpus import Rows, read_waves, recordings
from .schedule import cosine

SAMPLE_RATE = 22050
MEL_OFFSET, MEL_SCALE = 11.513, 0.07335


@dataclass(frozen=True)
class Settings:
    """What a run is made of.

    Attributes:
        neck, freq: of the bottleneck.
        content_weight: weight of the content loss.
        absolute: L1 in place of squared reconstruction losses.
        percents: the speeds at which each recording is heard.
        warp: the encoder hears mels whose frequencies are stretched by up to this part, and tilted; 0 for as they are.
        batch, frames: crops a step and their length.
        learning_rate, final_learning_rate: along a cosine.
    """

    neck: int = 8
    freq: int = 16
    content_weight: float = 0.02
    absolute: bool = True
    percents: tuple[int, ...] = (84, 92, 100, 109, 119)
    warp: float = 0.15
    batch: int = 64
    frames: int = 128
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    clip: float = 1.0
    ema: float = 0.999


def load_mels(
    folder: Path, voices: Path, percents: tuple[int, ...], frames: int, device: str
) -> tuple[Rows, torch.Tensor]:
    """Mels of at least `frames` in the network's scale, and the speaker embedding of each, `[recordings, 256]`.

    `voices` is an npz of the embeddings by `<path in the corpus>@<percent>`: what `embed_utterance` of tfvc's speaker
    encoder gives for the wave of that file and `percent` hundredths of its sample rate.
    """
    files, embeddings = recordings(folder), np.load(voices)
    mels, rows = [], []
    for percent in percents:
        for path, wave in zip(files, read_waves(files, SAMPLE_RATE, percent), strict=True):
            mel = mel_spectrogram(torch.from_numpy(wave).to(device)[None, None], SAMPLE_RATE, fmax=8000.0)[0]
            if mel.shape[1] >= frames:
                mels.append(((mel.T + MEL_OFFSET) * MEL_SCALE).half())
                rows.append(embeddings[f"{path.relative_to(folder).as_posix()}@{percent}"])
    return Rows.of(mels), torch.from_numpy(np.stack(rows)).to(device)


def warped(mel: torch.Tensor, draw: torch.Tensor, most: float) -> torch.Tensor:
    """Each mel [B, T, n_mels] read at stretched frequencies and with another gain and slope: another voice's.

    `draw` [3, B, 1] in -1..1 says how far: stretch, gain, slope.
    """
    n_mels = mel.shape[-1]
    bins = torch.arange(n_mels, device=mel.device, dtype=mel.dtype)[None]
    position = (bins * torch.exp(most * draw[0])).clamp(max=n_mels - 1)
    low = position.long().clamp(max=n_mels - 2)
    part = (position - low)[:, None]
    index = low[:, None].expand(-1, mel.shape[1], -1)
    stretched = torch.gather(mel, 2, index) * (1 - part) + torch.gather(mel, 2, index + 1) * part
    tilt = most * (0.5 * draw[1] + 0.5 * draw[2] * (bins / (n_mels - 1) - 0.5))
    return stretched + tilt[:, None]


class Run:
    """A training that can be captured in a CUDA graph: no step waits for the CPU."""

    def __init__(self, settings: Settings, mels: Rows, embeddings: torch.Tensor):
        self.settings, self.mels, self.embeddings = settings, mels, embeddings
        device = embeddings.device
        self.model = Generator(settings.neck, settings.freq, conv_channels=384, decoder_lstm2=512).to(device)
        torch.nn.init.zeros_(self.model.postnet.convolutions[-1][1].weight)
        self.model.decoder.linear_projection.linear_layer.bias.data.copy_(mels.values.float().mean(0))
        self.average = copy.deepcopy(self.model)
        self.rate = torch.tensor(settings.learning_rate, device=device)
        self.adam = torch.optim.Adam(
            self.model.parameters(), lr=self.rate, fused=device.type == "cuda", capturable=device.type == "cuda"
        )
        self.shown = {name: torch.zeros((), device=device) for name in ("reconstruction", "postnet", "content")}
        self.model.train()

    def stages(self) -> dict[str, Callable[[], None]]:
        """What a step can be, by name."""
        return {"step": self.step}

    def begin(self, progress: float) -> str:
        """Sets the learning rate for this `progress` through the run, 0 to 1; which stage it is."""
        self.rate.fill_(cosine(progress, self.settings.learning_rate, self.settings.final_learning_rate))
        return "step"

    def step(self) -> None:
        """One step, on the GPU from beginning to end."""
        settings, model = self.settings, self.model
        mel, chosen = self.mels.draw(settings.batch, settings.frames)
        mel, voice = mel.float(), self.embeddings[chosen]
        draw = 2 * torch.rand(3, settings.batch, 1, device=mel.device) - 1
        heard = warped(mel, draw, settings.warp) if settings.warp else mel
        decoded, refined, codes = model(heard, voice, voice)
        again = model.encode(refined, voice)
        distance = torch.nn.functional.l1_loss if settings.absolute else torch.nn.functional.mse_loss
        losses = {
            "reconstruction": distance(decoded, mel),
            "postnet": distance(refined, mel),
            "content": torch.nn.functional.l1_loss(again, codes),
        }
        loss = losses["reconstruction"] + losses["postnet"] + settings.content_weight * losses["content"]
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip, foreach=True)
        self.adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(model.parameters()), 1 - settings.ema)
            for name, value in losses.items():
                self.shown[name].lerp_(value, 0.01)

    def result(self) -> dict[str, torch.Tensor]:
        """The running mean of the weights, with the batch norms' own running statistics."""
        return {**self.average.state_dict(), **dict(self.model.named_buffers())}
