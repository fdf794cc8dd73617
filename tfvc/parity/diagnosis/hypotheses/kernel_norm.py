"""Kernels that are normalised before they convolve: weight norm and spectral norm."""

from collections.abc import Callable, Iterator
from typing import Any

from tfvc.parity.diagnosis.hypotheses.convolve import convolve
from tfvc.parity.diagnosis.subjects.layer import Forward, Imitation, Suspect, Weights


def kernel_of(suspect: Suspect, weights: Weights) -> Any:
    """The kernel that the module convolves with; spectral norm moves its buffers as torch does."""
    import torch

    if "weight" in weights:
        return weights["weight"]
    if "weight_orig" in weights:
        return _spectral_kernel(suspect, weights)
    g, v = _g_and_v(weights)
    return torch._weight_norm(v, g, 0)


def kernel_norm(suspect: Suspect) -> Iterator[Imitation]:
    """Hypotheses for a convolution under weight norm or spectral norm; none for others."""
    names = {name for name, _ in suspect.module.named_parameters()}
    if names & {"weight_g", "parametrizations.weight.original0"}:
        yield from _weight_norm(suspect)
    if "weight_orig" in names:
        yield from _spectral_norm(suspect)


def _g_and_v(weights: Weights) -> tuple[Any, Any]:
    if "weight_g" in weights:
        return weights["weight_g"], weights["weight_v"]
    return weights["parametrizations.weight.original0"], weights["parametrizations.weight.original1"]


def _weight_norm(suspect: Suspect) -> Iterator[Imitation]:
    names = {name for name, _ in suspect.module.named_parameters()}
    if not names & {"weight_g", "parametrizations.weight.original0"}:
        return

    def forward(kernel: Any) -> Forward:
        return lambda x, w: [convolve(suspect, x[0], kernel(*_g_and_v(w)), w)]

    def norm(v: Any, axes: tuple[int, ...]) -> Any:
        return v.square().sum(axes, keepdim=True).sqrt()

    rank = len(suspect.module.kernel_size) + 2
    every = tuple(range(rank))
    mend = "Take |v| over all axes but torch's first, in Keras the last (out channels; in channels if transposed)."
    without_second = tuple(axis for axis in every if axis != 1)
    wrong_axes = {
        "all axes at once": every,
        "all axes but torch's second": without_second,
        "the kernel's own axes only": every[2:],
        "torch's first axis": (0,),
    }
    for words, axes in wrong_axes.items():
        yield Imitation(
            "weight norm: axes",
            f"The weight norm takes the length of v over {words}.",
            mend,
            forward(lambda g, v, axes=axes: _broadcast(g, v) * v / norm(v, axes)),
        )
    plain = {
        "does not divide by the length of v": lambda g, v: _broadcast(g, v) * v,
        "does not multiply by g": lambda g, v: v / norm(v, every[1:]),
        "takes v for the kernel": lambda g, v: v,
        "divides by the square of the length of v": lambda g, v: _broadcast(g, v) * v / norm(v, every[1:]).square(),
        "takes the length of v for a constant in the gradient": lambda g, v: (
            _broadcast(g, v) * v / norm(v, every[1:]).detach()
        ),
    }
    for words, kernel in plain.items():
        yield Imitation("weight norm", f"The weight norm {words}.", "The kernel is g v / |v|.", forward(kernel))


def _broadcast(g: Any, v: Any) -> Any:
    return g if g.ndim == v.ndim else g.view(-1, *[1] * (v.ndim - 1))


def _spectral_norm(suspect: Suspect) -> Iterator[Imitation]:
    hook = _hook(suspect)
    iterations = hook.n_power_iterations

    def forward(**wrong: Any) -> Forward:
        return lambda x, w: [convolve(suspect, x[0], _spectral_kernel(suspect, w, **wrong), w)]

    for count in range(6):
        if count != (iterations if suspect.training else 0):
            when = "in training" if suspect.training else "in inference"
            right = iterations if suspect.training else "none"
            yield Imitation(
                "spectral norm: power iterations",
                f"The spectral norm takes {count} power iterations {when}, torch takes {right}.",
                f"Move v and u {iterations} times in each training pass; in inference leave them as they are.",
                forward(iterations=count),
            )
    yield Imitation(
        "spectral norm: matrix",
        "The spectral norm reads the kernel as a matrix whose columns are taps first, then channels.",
        "As a matrix the kernel is torch's (out, in * k), the taps of a channel side by side, as v is.",
        forward(matrix=lambda w: w.flatten(1).reshape(w.shape[0], w.shape[1], -1).transpose(1, 2).flatten(1)),
    )
    yield Imitation(
        "spectral norm: sigma before the iteration",
        "The spectral norm divides by sigma of the u and v from before this pass's power iteration.",
        "Move v and u first, then take sigma = u W v of the new ones.",
        forward(late=True),
    )
    of_gradient = {
        "takes sigma for a constant in the gradient": {"sigma": lambda sigma: sigma.detach()},
        "lets the gradient through u and v": {"through": True},
    }
    for words, wrong in of_gradient.items():
        yield Imitation(
            "spectral norm: gradient",
            f"The spectral norm {words}.",
            "The gradient takes u and v for constants, and sigma = u W v for what it is, a function of W.",
            forward(**wrong),
        )
    of_sigma = {
        "does not divide by sigma": lambda sigma: 1.0,
        "multiplies by sigma": lambda sigma: 1 / sigma,
        "divides by the root of sigma": lambda sigma: sigma.abs().sqrt(),
        "divides by the square of sigma": lambda sigma: sigma.square(),
    }
    for words, change in of_sigma.items():
        yield Imitation(
            "spectral norm: sigma", f"The spectral norm {words}.", "The kernel is W / sigma.", forward(sigma=change)
        )


def _hook(suspect: Suspect) -> Any:
    """Torch's own spectral norm of the module."""
    return next(hook for hook in suspect.module._forward_pre_hooks.values() if hasattr(hook, "n_power_iterations"))


def _spectral_kernel(
    suspect: Suspect,
    weights: Weights,
    iterations: int | None = None,
    matrix: Callable[[Any], Any] | None = None,
    sigma: Callable[[Any], Any] = lambda sigma: sigma,
    late: bool = False,
    through: bool = False,
) -> Any:
    """W / sigma, and u and v moved in place as torch moves them; everything else is a way to be wrong.

    Args:
        suspect: whose module.
        weights: `weight_orig` is W, `weight_u` and `weight_v` are u and v.
        iterations: how many; None is as many as torch takes.
        matrix: W, its filters first, as a matrix.
        sigma: what is made of sigma.
        late: whether sigma is of the u and v from before the iterations.
        through: whether the gradient passes through u and v.
    """
    from torch.nn.functional import normalize

    hook = _hook(suspect)
    w, u, v = (weights[f"{hook.name}_{part}"] for part in ("orig", "u", "v"))
    filters_first = w.movedim(hook.dim, 0)
    m = filters_first.flatten(1) if matrix is None else matrix(filters_first)
    before = u.clone(), v.clone()
    of_step = m if through else m.detach()
    if iterations is None:
        iterations = hook.n_power_iterations if suspect.training else 0
    new_u, new_v = before
    for _ in range(iterations):
        new_v = normalize(of_step.T @ new_u, dim=0, eps=hook.eps)
        new_u = normalize(of_step @ new_v, dim=0, eps=hook.eps)
    u.copy_(new_u.detach())
    v.copy_(new_v.detach())
    of_u, of_v = before if late else (new_u, new_v)
    return w / sigma(of_u @ (m @ of_v))
