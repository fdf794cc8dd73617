"""How long each symbol lasts: stochastic and deterministic (jaywalnut310/vits, modules.py and models.py)."""

import math

import torch
from torch import nn
from torch.nn import functional

from .flow import Flip
from .spline import LOG_TWO_PI, spline
from .text_encoder import LayerNorm

BINS = 10


class DDSConv(nn.Module):
    """Dilated depth-separable convolutions, each beside its input: [B, C, T] -> [B, C, T]."""

    def __init__(self, channels: int, kernel: int, layers: int, dropout: float):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.convs_sep, self.convs_1x1 = nn.ModuleList(), nn.ModuleList()
        self.norms_1, self.norms_2 = nn.ModuleList(), nn.ModuleList()
        for i in range(layers):
            dilation = kernel**i
            padding = dilation * (kernel - 1) // 2
            options = {"groups": channels, "dilation": dilation, "padding": padding}
            self.convs_sep.append(nn.Conv1d(channels, channels, kernel, **options))
            self.convs_1x1.append(nn.Conv1d(channels, channels, 1))
            self.norms_1.append(LayerNorm(channels))
            self.norms_2.append(LayerNorm(channels))

    def forward(self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None) -> torch.Tensor:
        if g is not None:
            x = x + g
        layers = zip(self.convs_sep, self.norms_1, self.convs_1x1, self.norms_2, strict=True)
        for separable, norm_1, pointwise, norm_2 in layers:
            y = functional.gelu(norm_1(separable(x * mask)))
            x = x + self.drop(functional.gelu(norm_2(pointwise(y))))
        return x * mask


class ElementwiseAffine(nn.Module):
    """[B, channels, T] -> m + x exp(logs) and the log-determinant [B], or back."""

    def __init__(self, channels: int):
        super().__init__()
        self.m = nn.Parameter(torch.zeros(channels, 1))
        self.logs = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None, reverse: bool = False):
        if reverse:
            return (x - self.m) * (-self.logs).exp() * mask
        return (self.m + self.logs.exp() * x) * mask, (self.logs * mask).sum((1, 2))


class ConvFlow(nn.Module):
    """A coupling whose second half goes through splines that the first one shapes.

    [B, channels, T], condition g [B, hidden, T] -> the same and the log-determinant [B], or back.
    """

    def __init__(self, channels: int, hidden: int, kernel: int, layers: int):
        super().__init__()
        self.scale = math.sqrt(hidden)
        self.pre = nn.Conv1d(channels // 2, hidden, 1)
        self.convs = DDSConv(hidden, kernel, layers, dropout=0.0)
        self.proj = nn.Conv1d(hidden, channels // 2 * (3 * BINS - 1), 1)
        nn.init.zeros_(self.proj.weight)
        nn.init.zeros_(self.proj.bias)

    def forward(self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None, reverse: bool = False):
        x0, x1 = x.chunk(2, 1)
        h = self.proj(self.convs(self.pre(x0), mask, g)) * mask
        batch, channels, length = x0.shape
        h = h.reshape(batch, channels, -1, length).transpose(2, 3)  # [B, channels, T, 3 bins - 1]
        widths, heights, derivatives = h.split([BINS, BINS, BINS - 1], -1)
        x1, log_derivative = spline(x1, widths / self.scale, heights / self.scale, derivatives, reverse)
        x = torch.cat([x0, x1], 1) * mask
        return x if reverse else (x, (log_derivative * mask).sum((1, 2)))


def flows(hidden: int, kernel: int, layers: int, count: int) -> nn.ModuleList:
    """An affine map of two channels, then ConvFlows, each before a flip."""
    found = nn.ModuleList([ElementwiseAffine(2)])
    for _ in range(count):
        found.append(ConvFlow(2, hidden, kernel, layers))
        found.append(Flip())
    return found


class StochasticDurationPredictor(nn.Module):
    """Durations as a flow of noise: hidden x [B, hidden, T], mask [B, 1, T], g [B, gin, 1], noise [B, 2, T].

    Without durations it gives log-durations [B, 1, T] made of the noise. With durations w [B, 1, T] it gives the bound
    on their negative log-likelihood, [B], summed over T: whole numbers are made continuous by a number in (0, 1) that
    `post_flows` draw from the noise, and a second channel of noise goes beside them (variational augmentation).

    No gradient goes back into x and g.
    """

    def __init__(self, hidden: int, kernel: int, dropout: float, count: int, gin: int, layers: int = 3):
        super().__init__()
        self.flows = flows(hidden, kernel, layers, count)
        self.post_pre = nn.Conv1d(1, hidden, 1)
        self.post_proj = nn.Conv1d(hidden, hidden, 1)
        self.post_convs = DDSConv(hidden, kernel, layers, dropout)
        self.post_flows = flows(hidden, kernel, layers, 4)
        self.pre = nn.Conv1d(hidden, hidden, 1)
        self.proj = nn.Conv1d(hidden, hidden, 1)
        self.convs = DDSConv(hidden, kernel, layers, dropout)
        if gin:
            self.cond = nn.Conv1d(gin, hidden, 1)

    def forward(
        self,
        x: torch.Tensor,
        mask: torch.Tensor,
        noise: torch.Tensor,
        g: torch.Tensor | None = None,
        w: torch.Tensor | None = None,
    ) -> torch.Tensor:
        x = self.pre(x.detach())
        if g is not None:
            x = x + self.cond(g.detach())
        x = self.proj(self.convs(x, mask)) * mask
        return self.log_durations(x, mask, noise) if w is None else self.nll(x, mask, noise, w)

    def log_durations(self, x: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The flow backwards. Upstream leaves out the ConvFlow that would only change the channel thrown away."""
        z = noise
        for flow in [*list(self.flows)[:1:-1], self.flows[0]]:
            z = flow(z, mask, g=x, reverse=True)
        return z[:, :1]

    def nll(self, x: torch.Tensor, mask: torch.Tensor, noise: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        h = self.post_proj(self.post_convs(self.post_pre(w), mask)) * mask
        z_q = noise = noise * mask
        log_q = -0.5 * ((LOG_TWO_PI + noise**2) * mask).sum((1, 2))
        for flow in self.post_flows:
            z_q, log_determinant = flow(z_q, mask, g=x + h)
            log_q = log_q - log_determinant
        z_u, z1 = z_q.chunk(2, 1)
        log_q = log_q - ((functional.logsigmoid(z_u) + functional.logsigmoid(-z_u)) * mask).sum((1, 2))
        z0 = (w - z_u.sigmoid() * mask) * mask
        z0 = z0.clamp(min=1e-5).log() * mask
        log_determinants = -z0.sum((1, 2))
        z = torch.cat([z0, z1], 1)
        for flow in self.flows:
            z, log_determinant = flow(z, mask, g=x)
            log_determinants = log_determinants + log_determinant
        return 0.5 * ((LOG_TWO_PI + z**2) * mask).sum((1, 2)) - log_determinants + log_q


class DurationPredictor(nn.Module):
    """hidden x [B, hidden, T] -> log-durations [B, 1, T]; no gradient goes back into x and g."""

    def __init__(self, hidden: int, filters: int, kernel: int, dropout: float, gin: int):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.conv_1 = nn.Conv1d(hidden, filters, kernel, padding=kernel // 2)
        self.norm_1 = LayerNorm(filters)
        self.conv_2 = nn.Conv1d(filters, filters, kernel, padding=kernel // 2)
        self.norm_2 = LayerNorm(filters)
        self.proj = nn.Conv1d(filters, 1, 1)
        if gin:
            self.cond = nn.Conv1d(gin, hidden, 1)

    def forward(self, x: torch.Tensor, mask: torch.Tensor, g: torch.Tensor | None = None) -> torch.Tensor:
        x = x.detach()
        if g is not None:
            x = x + self.cond(g.detach())
        x = self.drop(self.norm_1(torch.relu(self.conv_1(x * mask))))
        x = self.drop(self.norm_2(torch.relu(self.conv_2(x * mask))))
        return self.proj(x * mask) * mask
