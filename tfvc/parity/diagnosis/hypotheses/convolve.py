"""A torch convolution, taken once more with another kernel or other settings."""

from collections.abc import Callable, Sequence
from typing import Any

from tfvc.parity.diagnosis.hypotheses.kernels import kernel_of
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights
from tfvc.parity.tracing.padding import Border, Padding

DIRECT = ("Conv1d", "Conv2d", "Conv3d")
TRANSPOSED = ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
CONVOLUTIONS = DIRECT + TRANSPOSED
_TORCHS_MODES = {"constant": "zeros", "edge": "replicate", "wrap": "circular"}


def convolving(change: Callable[[Any], Any] = lambda kernel: kernel, **settings: Any) -> Forward:
    """The reference with a changed kernel, or with other settings of `convolve`."""
    return lambda subject, x, w: [convolve(subject, x[0], change(kernel_of(subject, w)), w, **settings)]


def convolve(subject: LayerSubject, x: Any, kernel: Any, weights: Weights, **settings: Any) -> Any:
    """The module's convolution with another kernel; settings replace the module's own.

    Args:
        subject: whose module.
        x: its input.
        kernel: as torch has it.
        weights: for the bias.
        settings: `before` and `after` (padding on each side, in place of the module's and of what stands around its
            input), `mode` (how all of it is padded), `stride`, `dilation`, `groups`, `bias`.
    """
    from torch.nn import functional

    module = subject.module
    rank = len(module.kernel_size)
    bias = settings.get("bias", weights.get("bias"))
    if not settings.keys() & {"before", "after", "mode"}:
        x = subject.padding.around_torch(x)
    if module.transposed:
        function = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)[rank - 1]
        return function(
            x,
            kernel,
            bias,
            stride=module.stride,
            padding=settings.get("padding", module.padding),
            output_padding=settings.get("output_padding", module.output_padding),
            groups=module.groups,
            dilation=module.dilation,
        )
    whole = padded_by(subject) if settings.keys() & {"before", "after", "mode"} else (padding_of(module),) * 2
    before, after = settings.get("before", whole[0]), settings.get("after", whole[1])
    mode = settings.get("mode", mode_of(subject))
    sides = [n for pair in zip(before[::-1], after[::-1], strict=True) for n in pair]
    if min(sides) < 0 and mode != "zeros":
        raise ValueError("cannot crop by reflection")
    if mode == "symmetric":
        x = _symmetric(x, before, after)
    else:
        x = functional.pad(x, sides, mode="constant" if mode == "zeros" else mode)
    function = (functional.conv1d, functional.conv2d, functional.conv3d)[rank - 1]
    return function(
        x,
        kernel,
        bias,
        stride=settings.get("stride", module.stride),
        dilation=settings.get("dilation", module.dilation),
        groups=settings.get("groups", module.groups),
    )


def _symmetric(x: Any, before: Sequence[int], after: Sequence[int]) -> Any:
    """Padded by a reflection that repeats the border, which torch has no mode for."""
    return Padding(
        tuple(Border(i + 2, *sides, "symmetric") for i, sides in enumerate(zip(before, after, strict=True)))
    ).around_torch(x)


def padded_by(subject: LayerSubject) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The padding of each axis before and after: the module's, and what stands around its input."""
    before, after = list(padding_of(subject.module)), list(padding_of(subject.module))
    for border in subject.padding.borders:
        before[border.axis - 2] += border.before
        after[border.axis - 2] += border.after
    return tuple(before), tuple(after)


def mode_of(subject: LayerSubject) -> str:
    """How the input is padded, as torch calls it: as it is outside of a module that does not pad."""
    outside = {border.mode for border in subject.padding.borders}
    if len(outside) != 1 or any(padding_of(subject.module)):
        return subject.module.padding_mode
    (mode,) = outside
    return _TORCHS_MODES.get(mode, mode)


def padding_of(module: Any) -> tuple[int, ...]:
    """The padding of each axis on each side."""
    if isinstance(module.padding, tuple):
        return module.padding
    if module.padding == "valid":
        return (0,) * len(module.kernel_size)
    return tuple(d * (k - 1) // 2 for k, d in zip(module.kernel_size, module.dilation, strict=True))
