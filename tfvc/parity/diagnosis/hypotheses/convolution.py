"""Convolutions, also transposed and grouped: kernel, padding, cropping, groups."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from tfvc.parity.diagnosis.hypotheses.convolve import convolve, padding_of
from tfvc.parity.diagnosis.hypotheses.kernel_norm import kernel_norm, kernel_of
from tfvc.parity.diagnosis.subjects.layer import Forward, Imitation, Suspect, Weights


def convolution(suspect: Suspect) -> Iterator[Imitation]:
    """Hypotheses for a convolution; none for others."""
    from torch.nn.modules.conv import _ConvNd

    if not isinstance(suspect.module, _ConvNd):
        return
    yield from _kernel(suspect)
    yield from _biases(suspect)
    if suspect.module.transposed:
        yield from _cropping(suspect)
    else:
        yield from _padding(suspect)
    yield from _groups(suspect)
    yield from kernel_norm(suspect)


def _kernel(suspect: Suspect) -> Iterator[Imitation]:
    rank = len(suspect.module.kernel_size)
    flips = [tuple(range(2, 2 + rank))] + [(axis,) for axis in range(2, 2 + rank)] * (rank > 1)
    for axes in flips:
        yield Imitation(
            "kernel flipped",
            f"The kernel runs backwards along {_named(axes)}.",
            "Transpose the kernel, do not flip it: both frameworks compute a correlation.",
            _with_kernel(suspect, lambda w, axes=axes: w.flip(axes)),
        )
    if rank == 2 and suspect.module.kernel_size[0] == suspect.module.kernel_size[1]:
        yield Imitation(
            "kernel transposed",
            "The kernel's height and width are exchanged.",
            "Cross (out, in, h, w) to (h, w, in, out): transpose(2, 3, 1, 0).",
            _with_kernel(suspect, lambda w: w.transpose(2, 3)),
        )
    yield Imitation(
        "channels exchanged",
        "The kernel's input and output channels are exchanged.",
        "Cross (out, in, k) to (k, in, out); transposed convolutions are (in, out, k) and (k, out, in).",
        _with_kernel(suspect, lambda w: w.transpose(0, 1)),
    )


def _biases(suspect: Suspect) -> Iterator[Imitation]:
    if suspect.module.bias is None:
        return
    for name, factor, words in (
        ("bias left out", 0, "does not add its bias"),
        ("bias twice", 2, "adds its bias twice"),
    ):
        yield Imitation(
            name,
            f"The layer {words}.",
            "Add the bias once, behind the convolution.",
            lambda x, w, factor=factor: [convolve(suspect, x[0], kernel_of(suspect, w), w, bias=w["bias"] * factor)],
        )


def _named(axes: tuple[int, ...]) -> str:
    return (
        "all its axes" if len(axes) > 1 else {2: "its first axis", 3: "its second axis"}.get(axes[0], "its last axis")
    )


def _with_kernel(suspect: Suspect, change: Any) -> Forward:
    return lambda x, w: [convolve(suspect, x[0], change(kernel_of(suspect, w)), w)]


def _padding(suspect: Suspect) -> Iterator[Imitation]:
    module = suspect.module
    own = padding_of(module)
    lengths = suspect.inputs[0].shape[2:]
    spans = [d * (k - 1) + 1 for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, s, span in zip(lengths, module.stride, spans, strict=True)]
    same = [t // 2 for t in totals], [t - t // 2 for t in totals]
    shown = own[0] if len(set(own)) == 1 else own
    if same != (list(own), list(own)):
        yield Imitation(
            "same padding",
            f'The layer pads as "same" does, by {same[0][0]} before and {same[1][0]} after; torch pads by {shown} on '
            'each side. With a stride above 1, "same" depends on the length of the input.',
            f'Pad by {shown} on each side explicitly and convolve with padding="valid".',
            lambda x, w: [convolve(suspect, x[0], kernel_of(suspect, w), w, before=same[0], after=same[1])],
        )
    for mode, words in (("zeros", "zeros"), ("reflect", "a reflection"), ("replicate", "its last value")):
        if mode != module.padding_mode and any(own):
            yield Imitation(
                "padding mode",
                f"The layer pads with {words}, torch in the mode {module.padding_mode!r}.",
                "Pad explicitly in torch's mode (tf.pad), then convolve with padding='valid'.",
                lambda x, w, mode=mode: [convolve(suspect, x[0], kernel_of(suspect, w), w, mode=mode)],
            )
    limit = max(1, min(max(spans), 9))
    for shift in sorted(range(-limit, limit + 1), key=abs):
        if shift:
            before, after = [p + shift for p in own], [p - shift for p in own]
            yield Imitation(
                "padding shifted",
                f"The output is shifted by {shift:+d}: the layer pads by {before[0]} before and {after[0]} after, "
                f"torch by {own[0]} on each side.",
                f"Pad by {shown} on each side.",
                lambda x, w, b=before, a=after: [convolve(suspect, x[0], kernel_of(suspect, w), w, before=b, after=a)],
            )
    yield from _dilation(suspect)


def _dilation(suspect: Suspect) -> Iterator[Imitation]:
    module = suspect.module
    for dilation in (1, 2, 3, 4, 5, 9):
        if all(d == dilation for d in module.dilation):
            continue
        # The length stays as it is where the padding goes with the dilation.
        extra = [(d - dilation) * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        own = padding_of(module)
        before = [p - e // 2 for p, e in zip(own, extra, strict=True)]
        after = [p - (e - e // 2) for p, e in zip(own, extra, strict=True)]
        yield Imitation(
            "dilation",
            f"The layer's dilation is {dilation}, torch's {module.dilation[0]}.",
            f"Pass dilation_rate={module.dilation[0]}.",
            lambda x, w, d=dilation, b=before, a=after: [
                convolve(
                    suspect,
                    x[0],
                    kernel_of(suspect, w),
                    w,
                    before=b,
                    after=a,
                    dilation=(d,) * len(module.kernel_size),
                )
            ],
        )


def _cropping(suspect: Suspect) -> Iterator[Imitation]:
    """A transposed convolution is the whole of its output, cropped; where is the question."""
    module = suspect.module
    rank = len(module.kernel_size)
    own = module.padding

    def cropped(x: list[Any], w: Weights, shifts: tuple[int, ...]) -> list[Any]:
        whole = convolve(suspect, x[0], kernel_of(suspect, w), w, padding=0, output_padding=0)
        right = suspect.reference(x, w)[0].shape
        for axis, shift in enumerate(shifts, start=2):
            start, length = own[axis - 2] + shift, right[axis]
            # Beyond the last kernel there is only bias.
            beyond = max(start + length - whole.shape[axis], 0)
            if start < 0:
                raise ValueError("nothing is there to crop")
            if beyond:
                filling = whole.narrow(axis, 0, 1).expand(
                    [beyond if a == axis else n for a, n in enumerate(whole.shape)]
                )
                bias = w["bias"].view(1, -1, *[1] * rank) if "bias" in w else 0.0
                import torch

                whole = torch.cat([whole, filling * 0 + bias], axis)
            whole = whole.narrow(axis, start, length)
        return [whole]

    for shift in (1, -1, 2, -2, 3, -3):
        for shifts in {(shift,) * rank, *(tuple(shift * (i == j) for j in range(rank)) for i in range(rank))}:
            yield Imitation(
                "crop shifted",
                f"The output is shifted by {-shift:+d} sample{'s' * (abs(shift) > 1)}: the layer crops "
                f'{own[0] + shift} at the beginning, torch {own[0]}. ("same" crops the floor of half there.)',
                f"Convolve with padding='valid' and crop {own[0]} at the beginning.",
                lambda x, w, shifts=shifts: cropped(x, w, shifts),
            )


def _groups(suspect: Suspect) -> Iterator[Imitation]:
    groups = suspect.module.groups
    if groups == 1:
        return

    def shuffled(x: Any, count: int) -> Any:
        return x.reshape(x.shape[0], count, -1, *x.shape[2:]).transpose(1, 2).reshape(x.shape)

    for place, count in product(("input", "output"), (groups, None)):
        words = f"The {place} channels of the groups are interleaved."
        mend = "A group is a run of neighbouring channels, in torch as in TensorFlow."

        def forward(x: list[Any], w: Weights, place: str = place, count: int | None = count) -> list[Any]:
            n = suspect.module.in_channels if place == "input" else suspect.module.out_channels
            parts = count or n // groups
            if place == "input":
                return suspect.reference([shuffled(x[0], parts), *x[1:]], w)
            return [shuffled(y, parts) for y in suspect.reference(x, w)]

        yield Imitation("groups interleaved", words, mend, forward)
