"""Convolutions, also transposed and grouped: kernel, bias, padding, dilation, cropping, groups."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from tfvc.parity.diagnosis.hypotheses.convolve import (
    CONVOLUTIONS,
    DIRECT,
    TRANSPOSED,
    convolve,
    convolving,
    mode_of,
    padded_by,
)
from tfvc.parity.diagnosis.hypotheses.kernels import kernel_of
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights, on_inputs, on_outputs


@register(LayerSubject, *CONVOLUTIONS)
def kernel(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A kernel that runs backwards, or whose axes are exchanged."""
    rank = len(subject.module.kernel_size)
    flips = [tuple(range(2, 2 + rank))] + [(axis,) for axis in range(2, 2 + rank)] * (rank > 1)
    for axes in flips:
        yield Hypothesis(
            "kernel flipped",
            f"The kernel runs backwards along {_named(axes)}.",
            "Transpose the kernel, do not flip it: both frameworks compute a correlation.",
            convolving(lambda w, axes=axes: w.flip(axes)),
        )
    if rank == 2 and subject.module.kernel_size[0] == subject.module.kernel_size[1]:
        yield Hypothesis(
            "kernel transposed",
            "The kernel's height and width are exchanged.",
            "Cross (out, in, h, w) to (h, w, in, out): transpose(2, 3, 1, 0).",
            convolving(lambda w: w.transpose(2, 3)),
        )
    yield Hypothesis(
        "channels exchanged",
        "The kernel's input and output channels are exchanged.",
        "Cross (out, in, k) to (k, in, out); transposed convolutions are (in, out, k) and (k, out, in).",
        convolving(lambda w: w.transpose(0, 1)),
    )


@register(LayerSubject, *CONVOLUTIONS)
def biases(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A bias that is left out, or added twice."""
    if subject.module.bias is None:
        return
    for name, factor, words in (
        ("bias left out", 0, "does not add its bias"),
        ("bias twice", 2, "adds its bias twice"),
    ):
        yield Hypothesis(
            name,
            f"The layer {words}.",
            "Add the bias once, behind the convolution.",
            lambda subject, x, w, factor=factor: [
                convolve(subject, x[0], kernel_of(subject, w), w, bias=w["bias"] * factor)
            ],
        )


def _named(axes: tuple[int, ...]) -> str:
    return (
        "all its axes" if len(axes) > 1 else {2: "its first axis", 3: "its second axis"}.get(axes[0], "its last axis")
    )


@register(LayerSubject, *DIRECT)
def padding(subject: LayerSubject) -> Iterator[Hypothesis]:
    """ "Same" padding, padding in another mode, and padding that is not the same on both sides."""
    module = subject.module
    first, last = padded_by(subject)
    mode_there = mode_of(subject)
    lengths = subject.inputs[0].shape[2:]
    spans = [d * (k - 1) + 1 for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    totals = [max((-(-n // s) - 1) * s + span - n, 0) for n, s, span in zip(lengths, module.stride, spans, strict=True)]
    same = tuple(t // 2 for t in totals), tuple(t - t // 2 for t in totals)
    there = _padding_words(first, last)
    if same != (first, last):
        yield Hypothesis(
            "same padding",
            f'The layer pads as "same" does, by {same[0][0]} before and {same[1][0]} after; torch pads by {there}. '
            'With a stride above 1, "same" depends on the length of the input.',
            f'Pad by {there} explicitly and convolve with padding="valid".',
            convolving(before=same[0], after=same[1]),
        )
    for mode, words in (
        ("zeros", "zeros"),
        ("reflect", "a reflection"),
        ("replicate", "its last value"),
        ("symmetric", "a reflection that repeats the border"),
        ("circular", "the other end"),
    ):
        if mode != mode_there and any((*first, *last)):
            yield Hypothesis(
                "padding mode",
                f"The layer pads with {words}, torch in the mode {mode_there!r}.",
                "Pad explicitly in torch's mode (tf.pad), then convolve with padding='valid'.",
                convolving(mode=mode),
            )
    limit = max(1, min(max(spans), 9))
    for shift in (shift for shift in sorted(range(-limit, limit + 1), key=abs) if shift):
        for shifts, along in _along_axes(shift, len(first)):
            before, after = (
                [p + sign * n for p, n in zip(side, shifts, strict=True)] for side, sign in ((first, 1), (last, -1))
            )
            axis = next(i for i, n in enumerate(shifts) if n)
            yield Hypothesis(
                "padding shifted",
                f"The output is shifted by {shift:+d}: the layer pads{along} by {before[axis]} before and "
                f"{after[axis]} after, torch by {there}.",
                f"Pad by {there}.",
                convolving(before=before, after=after),
            )
    for amount in range(limit + 1):
        each = (amount,) * len(first)
        if (each, each) != (first, last):
            yield Hypothesis(
                "padding amount",
                f"The layer pads by {amount} on each side, torch by {there}.",
                f"Pad by {there}.",
                convolving(before=each, after=each),
            )


def _along_axes(shift: int, rank: int) -> Iterator[tuple[list[int], str]]:
    """The shift along all axes together and, of several, along each by itself; with words for which."""
    yield [shift] * rank, ""
    for axis in range(rank if rank > 1 else 0):
        yield [shift * (i == axis) for i in range(rank)], f" along axis {axis + 2}"


@register(LayerSubject, *DIRECT)
def dilation(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another dilation, the padding going with it."""
    module = subject.module
    for dilation in (1, 2, 3, 4, 5, 9):
        if all(d == dilation for d in module.dilation):
            continue
        # The length stays as it is where the padding goes with the dilation.
        extra = [(d - dilation) * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        first, last = padded_by(subject)
        before = [p - e // 2 for p, e in zip(first, extra, strict=True)]
        after = [p - (e - e // 2) for p, e in zip(last, extra, strict=True)]
        yield Hypothesis(
            "dilation",
            f"The layer's dilation is {dilation}, torch's {module.dilation[0]}.",
            f"Pass dilation_rate={module.dilation[0]}.",
            convolving(before=before, after=after, dilation=(dilation,) * len(module.kernel_size)),
        )


def _padding_words(first: tuple[int, ...], last: tuple[int, ...]) -> str:
    """`1 on each side`, or what it is before and after."""
    before, after = (side[0] if len(set(side)) == 1 else side for side in (first, last))
    return f"{before} on each side" if before == after else f"{before} before and {after} after"


@register(LayerSubject, *TRANSPOSED)
def cropping(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A transposed convolution is the whole of its output, cropped; where is the question."""
    module = subject.module
    rank = len(module.kernel_size)
    theirs = module.padding
    for shift in (1, -1, 2, -2, 3, -3):
        for shifts in {(shift,) * rank, *(tuple(shift * (i == j) for j in range(rank)) for i in range(rank))}:
            yield Hypothesis(
                "crop shifted",
                f"The output is shifted by {-shift:+d} sample{'s' * (abs(shift) > 1)}: the layer crops "
                f'{theirs[0] + shift} at the beginning, torch {theirs[0]}. ("same" crops the floor of half there.)',
                f"Convolve with padding='valid' and crop {theirs[0]} at the beginning.",
                lambda subject, x, w, shifts=shifts: [_cropped(subject, x, w, shifts)],
            )


def _cropped(subject: LayerSubject, x: list[Any], w: Weights, shifts: tuple[int, ...]) -> Any:
    """The whole of the output, cropped so many samples further on along each axis."""
    import torch

    module, rank = subject.module, len(subject.module.kernel_size)
    whole = convolve(subject, x[0], kernel_of(subject, w), w, padding=0, output_padding=0)
    right = subject.reference(x, w)[0].shape
    for axis, shift in enumerate(shifts, start=2):
        start, length = module.padding[axis - 2] + shift, right[axis]
        if start < 0:
            raise ValueError("nothing is there to crop")
        # Beyond the last kernel there is only bias.
        beyond = max(start + length - whole.shape[axis], 0)
        if beyond:
            shape = [beyond if a == axis else n for a, n in enumerate(whole.shape)]
            bias = w["bias"].view(1, -1, *[1] * rank) if "bias" in w else 0.0
            whole = torch.cat([whole, whole.narrow(axis, 0, 1).expand(shape) * 0 + bias], axis)
        whole = whole.narrow(axis, start, length)
    return whole


@register(LayerSubject, *CONVOLUTIONS)
def groups(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Channels of groups, interleaved."""
    count = subject.module.groups
    if count == 1:
        return
    for place, by_group in product(("input", "output"), (True, False)):
        yield Hypothesis(
            "groups interleaved",
            f"The {place} channels of the groups are interleaved.",
            "A group is a run of neighbouring channels, in torch as in TensorFlow.",
            _interleaved_input(count, by_group) if place == "input" else _interleaved_output(count, by_group),
        )


def _interleaved_input(groups: int, by_group: bool) -> Forward:
    return on_inputs(lambda x: _shuffled(x, groups if by_group else x.shape[1] // groups))


def _interleaved_output(groups: int, by_group: bool) -> Forward:
    return on_outputs(lambda y: _shuffled(y, groups if by_group else y.shape[1] // groups))


def _shuffled(x: Any, parts: int) -> Any:
    return x.reshape(x.shape[0], parts, -1, *x.shape[2:]).transpose(1, 2).reshape(x.shape)
