"""Embeddings: a row that is not trained, indices that are off."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, on_inputs, with_attributes
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject
from tfvc.parity.findings.stage import StageKind


@register(LayerSubject, "Embedding", "EmbeddingBag")
def padding(subject: LayerSubject) -> Iterator[Hypothesis]:
    """The row of the padding, to which torch gives no gradient."""
    row = subject.module.padding_idx
    if subject.what is not StageKind.GRADIENTS:
        return
    if row is not None:
        yield Hypothesis(
            "padding row trained",
            f"Row {row} gets a gradient; torch's padding_idx={row} gives it none (mask_zero only tells later layers).",
            'Stop the gradient of that row, or accept it: accepted=("trained padding row",).',
            with_attributes(padding_idx=None),
        )
        return
    for row in _rows_without_gradient(subject):
        yield Hypothesis(
            "padding row not trained",
            f"Row {row} gets no gradient; torch has no padding_idx and trains it.",
            "Let the gradient of that row pass.",
            with_attributes(padding_idx=row),
        )


@register(LayerSubject, "Embedding")
def another_row(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another row than torch's is looked up, or the rows of the table have moved."""
    rows = subject.module.num_embeddings
    if subject.what is not StageKind.OUTPUTS:
        return
    for shift in (1, -1, 2, -2):
        for words, moved in (
            (", the last one the first", lambda ids, s=shift: (ids + s) % rows),
            (" within the table", lambda ids, s=shift: (ids + s).clamp(0, rows - 1)),
        ):
            yield Hypothesis(
                "index",
                f"The layer looks up torch's index {shift:+d}{words}.",
                f"Move the indices by {-shift:+d}, or the rows of the table.",
                on_inputs(moved),
            )


@register(TensorSubject)
def indices(subject: TensorSubject) -> Iterator[Hypothesis]:
    """Indices that are all off by the same number, or that count positions where torch's leave out padding."""
    theirs, ours = subject.torch, subject.keras
    if theirs.dtype.kind not in "iu" or ours.dtype.kind not in "iu" or theirs.shape != ours.shape:
        return
    if ours.size < 2:  # what is measured on one index explains it, whatever it is
        return
    offset = int(ours.flat[0]) - int(theirs.flat[0])
    yield Hypothesis(
        "index",
        f"{subject.place}: each index is torch's {offset:+d}.",
        f"Move the indices by {-offset:+d}, or the rows of the table.",
        lambda x: x + offset,
    )
    first = int(ours.flat[0])
    yield Hypothesis(
        "positions",
        f"{subject.place}: the indices count the positions from {first} on; torch's do not, and may leave out padding.",
        "Count as torch does: often only what is no padding, and one index for what is.",
        lambda x: _counted(x, first),
    )


def _counted(x: Any, first: int) -> Any:
    import torch

    return torch.arange(first, first + x.shape[-1], dtype=x.dtype).expand(x.shape).clone()


def _rows_without_gradient(subject: LayerSubject) -> list[int]:
    """Where Keras's gradient is zero and torch's is not."""
    theirs, ours = subject.torch.get("weight"), subject.keras.get("weight")
    if theirs is None or theirs.shape != ours.shape:
        return []
    return np.flatnonzero(np.any(theirs, axis=1) & ~np.any(ours, axis=1)).tolist()
