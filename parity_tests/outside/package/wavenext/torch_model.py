"""WaveNeXt in PyTorch."""

import torch
from torch import nn


class LayerScale(nn.Module):
    """A factor for each channel: [batch, time, channels] -> the same."""

    def __init__(self, channels: int, initial: float = 0.1):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((channels,), initial))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma


class Block(nn.Module):
    """[batch, width, time] -> the same."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.widen = nn.Linear(width, hidden)
        self.gelu = nn.GELU()
        self.narrow = nn.Linear(hidden, width)
        self.scale = LayerScale(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(self.depthwise(x).transpose(1, 2))
        y = self.scale(self.narrow(self.gelu(self.widen(y))))
        return x + y.transpose(1, 2)


class WaveNeXt(nn.Module):
    """[batch, n_mels, frames] -> [batch, 1, frames * hop]."""

    def __init__(self, n_mels: int, width: int, hidden: int, blocks: int, frame: int, hop: int):
        super().__init__()
        self.embed = nn.Conv1d(n_mels, width, 7, padding=3)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.blocks = nn.ModuleList(Block(width, hidden) for _ in range(blocks))
        self.last_norm = nn.LayerNorm(width, eps=1e-6)
        self.to_frame = nn.Linear(width, frame)
        self.to_samples = nn.Linear(frame, hop, bias=False)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.embed(mel).transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        samples = self.to_samples(self.to_frame(self.last_norm(x.transpose(1, 2))))
        return samples.flatten(1).unsqueeze(1).clip(-1.0, 1.0)
