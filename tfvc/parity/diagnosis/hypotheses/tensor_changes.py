"""How one tensor may be another: what a port does to an input or an output without meaning to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

import numpy as np

EQUAL = 1e-6


@dataclass(frozen=True)
class Change:
    """A change of a tensor, in words that follow "torch's" ("shifted by +1 along axis 2"), and how to undo it."""

    name: str
    words: str
    fix: str
    apply: Callable[[Any], Any]


def changes(reference: np.ndarray, found: np.ndarray) -> Iterator[Change]:
    """Every known way in which `found` may have come from `reference`; those with a number have it measured.

    The functions work on torch tensors, and gradients pass through them.
    """
    import torch

    if not np.any(found):
        yield Change("zero", "replaced by zeros", "Look for what stops it on the way.", lambda x: x * 0)
    # Any number is another one times a factor.
    if reference.shape == found.shape and reference.size > 1:
        scale = float(np.vdot(reference, found) / max(np.vdot(reference, reference), 1e-300))
        if np.isfinite(scale) and scale:
            words = "with the opposite sign" if abs(scale + 1) < 1e-9 else f"times {_number(scale)}"
            fix = f"Multiply it by {_number(1 / scale)}, or take away what scales it."
            yield Change("scale", words, fix, lambda x: x * scale)
        yield from _permuted(reference, found)
        for axis in range(1, reference.ndim):
            for shift in (1, -1, 2, -2, 3, -3):
                if abs(shift) < reference.shape[axis]:
                    yield Change(
                        "shift",
                        f"shifted by {shift:+d} along axis {axis}",
                        "Pad or crop as torch does: see where the missing sample went.",
                        lambda x, axis=axis, shift=shift: shifted(x, shift, axis),
                    )
    for axes in permutations(range(reference.ndim)):
        if axes == tuple(range(reference.ndim)):
            continue
        if tuple(reference.shape[a] for a in axes) == found.shape:
            yield Change(
                "transpose",
                f"with its axes in the order {axes}",
                "Transpose it back.",
                lambda x, axes=axes: x.permute(axes),
            )
        if reference.size == found.size:
            yield Change(
                "reshape",
                f"reshaped where it should have been transposed (axes {axes})",
                "Use a transpose: a reshape keeps the order in memory and mixes the axes.",
                lambda x, axes=axes: x.permute(axes).reshape(found.shape),
            )
    yield from activations(torch)


def activations(torch: Any) -> Iterator[Change]:
    """Functions that a port has and torch has not."""
    functional = torch.nn.functional
    known = {
        "a ReLU": functional.relu,
        "a tanh": torch.tanh,
        "a sigmoid": torch.sigmoid,
        "a GELU": functional.gelu,
        "a GELU by tanh": lambda x: functional.gelu(x, approximate="tanh"),
        "a SiLU": functional.silu,
        **{
            f"a LeakyReLU of slope {slope}": lambda x, slope=slope: functional.leaky_relu(x, slope)
            for slope in (0.01, 0.1, 0.2, 0.3)
        },
        "an ELU": functional.elu,
        "a softmax over the last axis": lambda x: functional.softmax(x, -1),
    }
    for name, function in known.items():
        yield Change("activation", f"behind {name} that torch has not", "Take that activation away.", function)


def shifted(x: Any, shift: int, axis: int) -> Any:
    """Moved along an axis, zeros following."""
    import torch

    size = x.shape[axis]
    zeros = torch.zeros_like(x.narrow(axis, 0, abs(shift)))
    if shift > 0:
        return torch.cat([zeros, x.narrow(axis, 0, size - shift)], axis)
    return torch.cat([x.narrow(axis, -shift, size + shift), zeros], axis)


def _permuted(reference: np.ndarray, found: np.ndarray) -> Iterator[Change]:
    for axis in range(reference.ndim):
        order = permutation(reference, found, axis)
        if order is not None:
            words = f"with axis {axis} {_in_words(order)}"
            yield Change(
                "permutation",
                words,
                "Put it back into torch's order.",
                lambda x, order=order, axis=axis: x.index_select(axis, _index(order)),
            )


def _index(order: np.ndarray) -> Any:
    import torch

    return torch.tensor(order)


def permutation(reference: np.ndarray, found: np.ndarray, axis: int) -> np.ndarray | None:
    """The order of the reference's slices along an axis that gives `found`; None if there is none but the identity."""
    a, b = (np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1) for x in (reference, found))
    direction = np.random.default_rng(0).standard_normal(a.shape[1])
    of_a, of_b = a @ direction, b @ direction
    by_a, by_b = np.argsort(of_a, kind="stable"), np.argsort(of_b, kind="stable")
    if np.linalg.norm(of_a[by_a] - of_b[by_b]) > EQUAL * (np.linalg.norm(of_a) + 1e-300):
        return None
    order = np.empty(len(by_a), int)
    order[by_b] = by_a
    if np.array_equal(order, np.arange(len(order))):
        return None
    return order if np.linalg.norm(a[order] - b) <= EQUAL * np.linalg.norm(a) else None


def _in_words(order: np.ndarray) -> str:
    n = len(order)
    steps = (order - np.arange(n)) % n
    if np.array_equal(order, np.arange(n)[::-1]):
        return "backwards"
    if n % 2 == 0 and np.all(steps == n // 2):
        return "in halves that have changed places"
    if len(set(steps.tolist())) == 1:
        turn = int(n - steps[0]) if steps[0] > n // 2 else -int(steps[0])
        return f"rolled by {turn:+d}"
    for groups in range(2, n):
        if n % groups == 0 and np.array_equal(order, np.arange(n).reshape(groups, -1).T.ravel()):
            return f"interleaved ({groups} groups of {n // groups})"
    blocks = np.flatnonzero(np.diff(order) != 1).size + 1
    if blocks <= 8:
        starts = [0, *(np.flatnonzero(np.diff(order) != 1) + 1).tolist()]
        return "in another order of its parts: " + ", ".join(
            f"{order[s]}-{order[e - 1]}" for s, e in zip(starts, [*starts[1:], n], strict=True)
        )
    return "in another order"


def _number(value: float) -> str:
    return f"{value:.10g}"


def arrangements(shape: tuple[int, ...]) -> Iterator[tuple[str, str, Callable[[Any], Any]]]:
    """Ways in which a weight of a shape may have been put into a port: name, words, function."""
    rank = len(shape)
    names = [f"axis {i}" for i in range(rank)]
    for axis in range(rank):
        if shape[axis] > 1:
            yield "flip", f"backwards along {names[axis]}", lambda w, axis=axis: w.flip(axis)
    if rank > 3:
        yield "flip", "backwards along all axes of the kernel", lambda w: w.flip(tuple(range(2, rank)))
    for a, b in combinations(range(rank), 2):
        if shape[a] == shape[b] and shape[a] > 1:
            yield "transpose", f"with axes {a} and {b} exchanged", lambda w, a=a, b=b: w.transpose(a, b)
    for axis in range(min(rank, 2)):
        if shape[axis] > 2:
            for turn in (1, -1):
                words = f"shifted by {turn:+d} along {names[axis]}, its ends joined"
                yield "roll", words, lambda w, axis=axis, turn=turn: w.roll(turn, axis)
        if shape[axis] % 2 == 0 and shape[axis] > 1:
            half = shape[axis] // 2
            words = f"in halves that have changed places along {names[axis]}"
            yield "halves", words, lambda w, axis=axis, half=half: w.roll(half, axis)
    if rank > 1:
        for axes in permutations(range(rank)):
            if axes != tuple(range(rank)):
                words = f"reshaped where it should have been transposed (axes {axes})"
                yield "reshape", words, lambda w, axes=axes: w.permute(axes).reshape(w.shape)
    for axis in range(min(rank, 2)):
        n = shape[axis]
        for heads in (h for h in range(2, n // 2 + 1) if n % h == 0):
            order = np.arange(n).reshape(heads, -1).T.ravel()
            words = f"interleaved along {names[axis]} ({heads} heads of {n // heads})"
            yield "heads", words, lambda w, axis=axis, order=order: w.index_select(axis, _index(order))
    yield "missing", "left out (zero)", lambda w: w * 0
    yield "ones", "left out (one)", lambda w: w * 0 + 1
    yield "twice", "added twice", lambda w: w * 2
    yield "sign", "with the opposite sign", lambda w: -w
