"""The kernel that a convolution convolves with, where it is made of other weights."""

from collections.abc import Callable
from typing import Any

from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights
from tfvc.parity.private_parts import forward_pre_hooks, weight_norm_kernel


def kernel_of(subject: LayerSubject, weights: Weights) -> Any:
    """The kernel that the module convolves with; spectral norm moves its buffers as torch does."""
    if "weight" in weights:
        return weights["weight"]
    if "weight_orig" in weights:
        return spectral_kernel(subject, weights)
    g, v = g_and_v(weights)
    return weight_norm_kernel(v, g)


def g_and_v(weights: Weights) -> tuple[Any, Any]:
    """The two weights of weight norm, under the names of its old form or of its new one."""
    if "weight_g" in weights:
        return weights["weight_g"], weights["weight_v"]
    return weights["parametrizations.weight.original0"], weights["parametrizations.weight.original1"]


def spectral_norm_hook(subject: LayerSubject) -> Any:
    """Torch's own spectral norm of the module."""
    return next(hook for hook in forward_pre_hooks(subject.module) if hasattr(hook, "n_power_iterations"))


def spectral_kernel(
    subject: LayerSubject,
    weights: Weights,
    iterations: int | None = None,
    matrix: Callable[[Any], Any] | None = None,
    sigma: Callable[[Any], Any] = lambda sigma: sigma,
    late: bool = False,
    through: bool = False,
) -> Any:
    """W / sigma, and u and v moved in place as torch moves them; everything else is a way to be wrong.

    Args:
        subject: whose module.
        weights: `weight_orig` is W, `weight_u` and `weight_v` are u and v.
        iterations: how many; None is as many as torch takes.
        matrix: W, its filters first, as a matrix.
        sigma: what is made of sigma.
        late: whether sigma is of the u and v from before the iterations.
        through: whether the gradient passes through u and v.
    """
    from torch.nn.functional import normalize

    hook = spectral_norm_hook(subject)
    w, u, v = (weights[f"{hook.name}_{part}"] for part in ("orig", "u", "v"))
    filters_first = w.movedim(hook.dim, 0)
    m = filters_first.flatten(1) if matrix is None else matrix(filters_first)
    before = u.clone(), v.clone()
    of_step = m if through else m.detach()
    if iterations is None:
        iterations = hook.n_power_iterations if subject.training else 0
    new_u, new_v = before
    for _ in range(iterations):
        new_v = normalize(of_step.T @ new_u, dim=0, eps=hook.eps)
        new_u = normalize(of_step @ new_v, dim=0, eps=hook.eps)
    u.copy_(new_u.detach())
    v.copy_(new_v.detach())
    of_u, of_v = before if late else (new_u, new_v)
    return w / sigma(of_u @ (m @ of_v))
