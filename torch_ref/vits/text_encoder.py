"""The text encoder: a transformer with relative positions (jaywalnut310/vits, attentions.py and models.py)."""

import math

import torch
from torch import nn
from torch.nn import functional


def sequence_mask(lengths: torch.Tensor, longest: int, dtype: torch.dtype) -> torch.Tensor:
    """lengths [B] -> [B, 1, longest], 1 where a row goes on."""
    return (torch.arange(longest, device=lengths.device) < lengths[:, None])[:, None].to(dtype)


class LayerNorm(nn.Module):
    """Over the channels of [B, C, T]; torch's own is over the last axis, and calls its parameters otherwise."""

    def __init__(self, channels: int, eps: float = 1e-5):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.layer_norm(x.transpose(1, 2), self.gamma.shape, self.gamma, self.beta, self.eps)
        return x.transpose(1, 2)


class RelativeAttention(nn.Module):
    """Self-attention in which keys and values also depend on how far apart two positions are: [B, C, T] -> [B, C, T].

    Distances up to `window` have an embedding, which all heads share. What is further apart gets none: no score is
    added and no value, rather than those of the largest distance. Where a row has ended, scores are -10,000.
    """

    def __init__(self, channels: int, heads: int, window: int, dropout: float):
        super().__init__()
        self.heads, self.window = heads, window
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        self.drop = nn.Dropout(dropout)
        size = channels // heads
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * window + 1, size) * size**-0.5)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * window + 1, size) * size**-0.5)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, channels, length = x.shape
        size = channels // self.heads
        # [B, heads, T, size]
        q, k, v = (
            conv(x).view(batch, self.heads, size, length).transpose(2, 3)
            for conv in (self.conv_q, self.conv_k, self.conv_v)
        )
        q = q / math.sqrt(size)
        near, index = self.distances(length, x.device)
        by_distance = q @ self.emb_rel_k[0].T  # [B, heads, T, 2 window + 1]
        scores = q @ k.transpose(2, 3)
        scores = scores + near * by_distance.gather(3, index.expand(batch, self.heads, -1, -1))
        both = mask[:, None] * mask[..., None]  # [B, 1, T, T]
        weights = self.drop(scores.masked_fill(both == 0, -1e4).softmax(-1))
        values = near[..., None] * self.emb_rel_v[0][index]  # [T, T, size]
        out = weights @ v + torch.einsum("bhij,ijs->bhis", weights, values)
        return self.conv_o(out.transpose(2, 3).reshape(batch, channels, length))

    def distances(self, length: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Whether position j is near position i, and which embedding they then have; both [T, T]."""
        place = torch.arange(length, device=device)
        distance = place[None] - place[:, None]
        near = (distance.abs() <= self.window).to(self.emb_rel_k.dtype)
        return near, (distance + self.window).clamp(0, 2 * self.window)


class FFN(nn.Module):
    """Two convolutions over time: [B, C, T] -> [B, C, T]."""

    def __init__(self, channels: int, filters: int, kernel: int, dropout: float):
        super().__init__()
        self.padding = ((kernel - 1) // 2, kernel // 2)
        self.conv_1 = nn.Conv1d(channels, filters, kernel)
        self.conv_2 = nn.Conv1d(filters, channels, kernel)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv_1(functional.pad(x * mask, self.padding)))
        x = self.drop(x)
        return self.conv_2(functional.pad(x * mask, self.padding)) * mask


class Encoder(nn.Module):
    """Layers of attention and FFN, each added to its input and then normalised: [B, C, T] -> [B, C, T]."""

    def __init__(self, channels: int, filters: int, heads: int, layers: int, kernel: int, window: int, dropout: float):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.attn_layers = nn.ModuleList(RelativeAttention(channels, heads, window, dropout) for _ in range(layers))
        self.norm_layers_1 = nn.ModuleList(LayerNorm(channels) for _ in range(layers))
        self.ffn_layers = nn.ModuleList(FFN(channels, filters, kernel, dropout) for _ in range(layers))
        self.norm_layers_2 = nn.ModuleList(LayerNorm(channels) for _ in range(layers))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = x * mask
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, norm_1, ffn, norm_2 in layers:
            x = norm_1(x + self.drop(attention(x, mask)))
            x = norm_2(x + self.drop(ffn(x, mask)))
        return x * mask


class TextEncoder(nn.Module):
    """ids [B, T], lengths [B] -> hidden [B, hidden, T], m and logs [B, channels, T], mask [B, 1, T]."""

    def __init__(
        self,
        n_vocab: int,
        channels: int,
        hidden: int,
        filters: int,
        heads: int,
        layers: int,
        kernel: int,
        window: int,
        dropout: float,
    ):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, hidden)
        nn.init.normal_(self.emb.weight, 0, hidden**-0.5)
        self.encoder = Encoder(hidden, filters, heads, layers, kernel, window, dropout)
        self.proj = nn.Conv1d(hidden, 2 * channels, 1)

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = self.emb(ids).transpose(1, 2) * math.sqrt(self.emb.embedding_dim)
        mask = sequence_mask(lengths, ids.shape[1], x.dtype)
        x = self.encoder(x * mask, mask)
        m, logs = (self.proj(x) * mask).chunk(2, 1)
        return x, m, logs, mask
