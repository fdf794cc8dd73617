"""Monotonic rational-quadratic splines (Durkan et al. 2019; jaywalnut310/vits, transforms.py)."""

import math

import torch
from torch.nn import functional

SMALLEST = 1e-3  # width and height of a bin, and derivative


def knots(unnormalized: torch.Tensor, bound: float) -> torch.Tensor:
    """Where bins begin and end: [..., bins] -> [..., bins + 1], from -bound to bound."""
    bins = unnormalized.shape[-1]
    sizes = SMALLEST + (1 - SMALLEST * bins) * unnormalized.softmax(-1)
    inner = 2 * bound * sizes.cumsum(-1)[..., :-1] - bound
    edge = torch.full_like(inner[..., :1], bound)
    return torch.cat([-edge, inner, edge], -1)


def spline(
    x: torch.Tensor,
    widths: torch.Tensor,
    heights: torch.Tensor,
    derivatives: torch.Tensor,
    reverse: bool = False,
    bound: float = 5.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """x [...] through a spline of its own, or back through it, and the logarithm of the derivative, both [...].

    A spline is given by `widths` and `heights` [..., bins] and the inner `derivatives` [..., bins - 1], all of them
    unnormalized. Outside [-bound, bound] it is the identity, and so its outer derivatives are 1.
    """
    across, up = knots(widths, bound), knots(heights, bound)
    outer = torch.ones_like(widths[..., :1])
    slopes = torch.cat([outer, SMALLEST + functional.softplus(derivatives), outer], -1)
    inside = (x >= -bound) & (x <= bound)
    y = x.clamp(-bound, bound)
    bins = widths.shape[-1]
    index = ((y[..., None] >= (up if reverse else across)).sum(-1, keepdim=True) - 1).clamp(0, bins - 1)

    def of_bin(values: torch.Tensor) -> torch.Tensor:
        return values.gather(-1, index)[..., 0]

    left, bottom = of_bin(across[..., :-1]), of_bin(up[..., :-1])
    width, height = of_bin(across.diff(dim=-1)), of_bin(up.diff(dim=-1))
    d0, d1 = of_bin(slopes[..., :-1]), of_bin(slopes[..., 1:])
    delta = height / width
    bend = d0 + d1 - 2 * delta
    if reverse:
        rise = y - bottom
        a = rise * bend + height * (delta - d0)
        b = height * d0 - rise * bend
        c = -delta * rise
        theta = 2 * c / (-b - (b**2 - 4 * a * c).clamp(min=0).sqrt())
        out = theta * width + left
    else:
        theta = (y - left) / width
    both = theta * (1 - theta)
    bottom_part = delta + bend * both
    if not reverse:
        out = bottom + height * (delta * theta**2 + d0 * both) / bottom_part
    derivative = delta**2 * (d1 * theta**2 + 2 * delta * both + d0 * (1 - theta) ** 2)
    log_derivative = derivative.log() - 2 * bottom_part.log()
    log_derivative = -log_derivative if reverse else log_derivative
    return torch.where(inside, out, x), torch.where(inside, log_derivative, torch.zeros_like(x))


LOG_TWO_PI = math.log(2 * math.pi)
