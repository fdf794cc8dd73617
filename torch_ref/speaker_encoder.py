"""The two speaker encoders, with the state-dict keys of their published weights.

Both read [batch, frames, mels] and return an embedding [batch, 256] of unit length.
"""

import torch
from torch import nn


def unit_length(x: torch.Tensor) -> torch.Tensor:
    return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)


class GE2E(nn.Module):
    """Resemblyzer's VoiceEncoder: `ge2e_16k` mels, last hidden state -> Linear -> ReLU -> unit length."""

    def __init__(self, n_mels: int = 40, hidden: int = 256, embedding: int = 256):
        super().__init__()
        self.lstm = nn.LSTM(n_mels, hidden, num_layers=3, batch_first=True)
        self.linear = nn.Linear(hidden, embedding)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(mel)
        return unit_length(torch.relu(self.linear(hidden[:, -1])))


class DVector(nn.Module):
    """AutoVC's D_VECTOR: `autovc_16k` mels, last hidden state -> Linear -> unit length."""

    def __init__(self, n_mels: int = 80, hidden: int = 768, embedding: int = 256):
        super().__init__()
        self.lstm = nn.LSTM(n_mels, hidden, num_layers=3, batch_first=True)
        self.embedding = nn.Linear(hidden, embedding)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        hidden, _ = self.lstm(mel)
        return unit_length(self.embedding(hidden[:, -1]))
