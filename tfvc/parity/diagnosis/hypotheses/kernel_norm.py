"""Kernels that are normalised before they convolve: weight norm and spectral norm."""

from collections.abc import Callable, Iterator
from typing import Any

from tfvc.parity.diagnosis.hypotheses.convolve import CONVOLUTIONS, convolve
from tfvc.parity.diagnosis.hypotheses.kernels import g_and_v, spectral_kernel, spectral_norm_hook
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject


@register(LayerSubject, *CONVOLUTIONS)
def weight_norm(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Hypotheses for a convolution under weight norm; none for others."""
    names = {name for name, _ in subject.module.named_parameters()}
    if not names & {"weight_g", "parametrizations.weight.original0"}:
        return

    def forward(kernel: Callable[[Any, Any], Any]) -> Forward:
        return lambda subject, x, w: [convolve(subject, x[0], kernel(*g_and_v(w)), w)]

    def norm(v: Any, axes: tuple[int, ...]) -> Any:
        return v.square().sum(axes, keepdim=True).sqrt()

    rank = len(subject.module.kernel_size) + 2
    every = tuple(range(rank))
    fix = "Take |v| over all axes but torch's first, in Keras the last (out channels; in channels if transposed)."
    without_second = tuple(axis for axis in every if axis != 1)
    wrong_axes = {
        "all axes at once": every,
        "all axes but torch's second": without_second,
        "the kernel's own axes only": every[2:],
        "torch's first axis": (0,),
    }
    for words, axes in wrong_axes.items():
        yield Hypothesis(
            "weight norm: axes",
            f"The weight norm takes the length of v over {words}.",
            fix,
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
        yield Hypothesis("weight norm", f"The weight norm {words}.", "The kernel is g v / |v|.", forward(kernel))


def _broadcast(g: Any, v: Any) -> Any:
    return g if g.ndim == v.ndim else g.view(-1, *[1] * (v.ndim - 1))


@register(LayerSubject, *CONVOLUTIONS)
def spectral_norm(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Hypotheses for a convolution under spectral norm; none for others."""
    if "weight_orig" not in {name for name, _ in subject.module.named_parameters()}:
        return
    iterations = spectral_norm_hook(subject).n_power_iterations

    def forward(**wrong: Any) -> Forward:
        return lambda subject, x, w: [convolve(subject, x[0], spectral_kernel(subject, w, **wrong), w)]

    for count in range(6):
        if count != (iterations if subject.training else 0):
            when = "in training" if subject.training else "in inference"
            right = iterations if subject.training else "none"
            yield Hypothesis(
                "spectral norm: power iterations",
                f"The spectral norm takes {count} power iterations {when}, torch takes {right}.",
                f"Move v and u {iterations} times in each training pass; in inference leave them as they are.",
                forward(iterations=count),
            )
    yield Hypothesis(
        "spectral norm: matrix",
        "The spectral norm reads the kernel as a matrix whose columns are taps first, then channels.",
        "As a matrix the kernel is torch's (out, in * k), the taps of a channel side by side, as v is.",
        forward(matrix=lambda w: w.flatten(1).reshape(w.shape[0], w.shape[1], -1).transpose(1, 2).flatten(1)),
    )
    yield Hypothesis(
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
        yield Hypothesis(
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
        yield Hypothesis(
            "spectral norm: sigma", f"The spectral norm {words}.", "The kernel is W / sigma.", forward(sigma=change)
        )
