"""Embeddings: a row that is not trained."""

from collections.abc import Iterator

import numpy as np

from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, with_attributes
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


def _rows_without_gradient(subject: LayerSubject) -> list[int]:
    """Where Keras's gradient is zero and torch's is not."""
    theirs, ours = subject.torch.get("weight"), subject.keras.get("weight")
    if theirs is None or theirs.shape != ours.shape:
        return []
    return np.flatnonzero(np.any(theirs, axis=1) & ~np.any(ours, axis=1)).tolist()
