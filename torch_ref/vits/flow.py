"""WaveNet, posterior encoder and flow (jaywalnut310/vits, modules.py and models.py)."""

import torch
from torch import nn

from ..melgan import weight_norm


class WN(nn.Module):
    """Gated convolutions with skip connections, as in WaveNet: [B, hidden, T] -> [B, hidden, T].

    All dilations are 1. The condition g [B, gin, 1] comes in through one convolution, of which each layer has a slice.
    """

    def __init__(self, hidden: int, kernel: int, layers: int, gin: int):
        super().__init__()
        self.hidden = hidden
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        if gin:
            self.cond_layer = weight_norm(nn.Conv1d(gin, 2 * hidden * layers, 1))
        for i in range(layers):
            self.in_layers.append(weight_norm(nn.Conv1d(hidden, 2 * hidden, kernel, padding=kernel // 2)))
            # The last layer has no successor that a residual could go to.
            out = hidden if i == layers - 1 else 2 * hidden
            self.res_skip_layers.append(weight_norm(nn.Conv1d(hidden, out, 1)))

    def forward(self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None) -> torch.Tensor:
        output = torch.zeros_like(x)
        layers = len(self.in_layers)
        conditions = [0] * layers if g is None else self.cond_layer(g).chunk(layers, 1)
        for i, (conv, res_skip) in enumerate(zip(self.in_layers, self.res_skip_layers, strict=True)):
            content, gate = (conv(x) + conditions[i]).chunk(2, 1)
            step = res_skip(content.tanh() * gate.sigmoid())
            if i < layers - 1:
                x = (x + step[:, : self.hidden]) * mask
                output = output + step[:, self.hidden :]
            else:
                output = output + step
        return output * mask


class PosteriorEncoder(nn.Module):
    """spectrogram [B, bins, T], mask [B, 1, T], noise [B, channels, T] -> z, m, logs, each [B, channels, T]."""

    def __init__(self, bins: int, channels: int, hidden: int, kernel: int, layers: int, gin: int):
        super().__init__()
        self.pre = nn.Conv1d(bins, hidden, 1)
        self.enc = WN(hidden, kernel, layers, gin)
        self.proj = nn.Conv1d(hidden, 2 * channels, 1)

    def forward(
        self, spectrogram: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor, g: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, ...]:
        x = self.enc(self.pre(spectrogram) * mask, mask, g)
        m, logs = (self.proj(x) * mask).chunk(2, 1)
        return (m + noise * logs.exp()) * mask, m, logs


class Flip(nn.Module):
    """The channels in reverse order; in the duration predictor a flow of which the log-determinant is 0."""

    def forward(self, x: torch.Tensor, *_, reverse: bool = False, **__):
        return x.flip(1) if reverse else (x.flip(1), x.new_zeros(x.shape[0]))


class ResidualCouplingLayer(nn.Module):
    """Adds to one half of the channels what a WaveNet makes of the other half: [B, channels, T] -> the same.

    It changes no volume (upstream's `mean_only`). The half that goes through is not masked.
    """

    def __init__(self, channels: int, hidden: int, kernel: int, layers: int, gin: int):
        super().__init__()
        self.pre = nn.Conv1d(channels // 2, hidden, 1)
        self.enc = WN(hidden, kernel, layers, gin)
        self.post = nn.Conv1d(hidden, channels // 2, 1)
        nn.init.zeros_(self.post.weight)
        nn.init.zeros_(self.post.bias)

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None, reverse: bool = False
    ) -> torch.Tensor:
        x0, x1 = x.chunk(2, 1)
        m = self.post(self.enc(self.pre(x0) * mask, mask, g)) * mask
        x1 = (x1 - m) * mask if reverse else m + x1 * mask
        return torch.cat([x0, x1], 1)


class ResidualCouplingBlock(nn.Module):
    """The flow between posterior and prior: [B, channels, T] -> [B, channels, T]; couplings, each before a flip."""

    def __init__(self, channels: int, hidden: int, kernel: int, layers: int, flows: int, gin: int):
        super().__init__()
        self.flows = nn.ModuleList()
        for _ in range(flows):
            self.flows.append(ResidualCouplingLayer(channels, hidden, kernel, layers, gin))
            self.flows.append(Flip())

    def forward(
        self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None, reverse: bool = False
    ) -> torch.Tensor:
        for flow in reversed(self.flows) if reverse else self.flows:
            x = x.flip(1) if isinstance(flow, Flip) else flow(x, mask, g, reverse)
        return x
