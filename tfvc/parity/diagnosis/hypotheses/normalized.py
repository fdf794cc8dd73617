"""Normalisation: whether there is one, how often, over which axes, in how many groups."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from tfvc.parity.diagnosis.hypotheses.normalization import BATCH_NORMS
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights, with_attributes

NORMS = ("LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", *BATCH_NORMS)


@register(LayerSubject, *NORMS)
def how_often(subject: LayerSubject) -> Iterator[Hypothesis]:
    """A normalisation that is left out, or applied to its own result once more."""
    yield Hypothesis(
        "norm missing",
        "The layer gives its input as it is; torch's normalises it.",
        "Call the normalisation.",
        lambda subject, inputs, weights: inputs[:1],
    )
    yield Hypothesis(
        "norm doubled",
        "The layer normalises twice, torch once.",
        "Call the normalisation once.",
        lambda subject, inputs, weights: subject.reference(subject.reference(inputs, weights), weights),
    )


@register(LayerSubject, "GroupNorm")
def groups(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another number of groups."""
    theirs, channels = subject.module.num_groups, subject.module.num_channels
    for ours in (n for n in range(1, channels + 1) if channels % n == 0 and n != theirs):
        yield Hypothesis(
            "groups",
            f"The layer normalises in {ours} groups, torch in {theirs}.",
            f"Pass groups={theirs}.",
            with_attributes(num_groups=ours),
        )


@register(LayerSubject, "LayerNorm", "RMSNorm", "GroupNorm")
def axes(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Mean and variance over other axes; gain and shift stay where they are."""
    rank = subject.inputs[0].ndim
    for count in range(1, rank):
        for chosen in combinations(range(1, rank), count):
            yield Hypothesis(
                "norm axes",
                f"The layer normalises over other axes than torch's (those of axes {chosen} of torch's input).",
                "Normalise over the axes that torch normalises over.",
                lambda subject, inputs, weights, chosen=chosen: [_over(subject, inputs[0], weights, chosen)],
            )


def _over(subject: LayerSubject, x: Any, weights: Weights, chosen: tuple[int, ...]) -> Any:
    import torch

    gain, shift = (weights.get(name) for name in ("weight", "bias"))
    eps = torch.finfo(torch.float32).eps if subject.module.eps is None else subject.module.eps
    centred = x if "RMSNorm" in subject.kinds else x - x.mean(chosen, keepdim=True)
    found = centred / (centred.square().mean(chosen, keepdim=True) + eps).sqrt()
    if gain is not None and "GroupNorm" in subject.kinds:
        gain, shift = (None if w is None else w.reshape(-1, *[1] * (x.ndim - 2)) for w in (gain, shift))
    found = found if gain is None else found * gain
    return found if shift is None else found + shift
