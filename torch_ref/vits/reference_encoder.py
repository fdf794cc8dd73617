"""The encoder of OpenVoice's tone colour converter (myshell-ai/OpenVoice, models.py)."""

import torch
from torch import nn

from ..melgan import weight_norm


class ReferenceEncoder(nn.Module):
    """spectrogram [B, bins, T] -> the speaker's g [B, gin, 1]: strided convolutions, then the last state of a GRU."""

    def __init__(self, bins: int, gin: int, filters: tuple[int, ...] = (32, 32, 64, 64, 128, 128), units: int = 128):
        super().__init__()
        self.convs = nn.ModuleList()
        for before, after in zip((1, *filters), filters, strict=False):
            self.convs.append(weight_norm(nn.Conv2d(before, after, 3, stride=2, padding=1)))
        rows = bins
        for _ in filters:
            rows = (rows + 1) // 2
        self.gru = nn.GRU(filters[-1] * rows, units, batch_first=True)
        self.proj = nn.Linear(units, gin)
        self.layernorm = nn.LayerNorm(bins)

    def forward(self, spectrogram: torch.Tensor) -> torch.Tensor:
        x = self.layernorm(spectrogram.transpose(1, 2))[:, None]  # [B, 1, T, bins]
        for conv in self.convs:
            x = torch.relu(conv(x))
        x = x.transpose(1, 2).flatten(2)  # [B, T', channels * bins']
        _, last = self.gru(x)
        return self.proj(last[0])[..., None]
