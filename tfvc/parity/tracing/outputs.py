"""Which outputs of a torch module are which of a Keras layer."""

from collections.abc import Sequence
from typing import Any


def compared_outputs(module: Any, theirs: Sequence[Any], ours: Sequence[Any]) -> list[Any]:
    """Those outputs of a torch module that a Keras layer gives too.

    Args:
        module: of torch.
        theirs, ours: the outputs of both; of Keras's only the shapes count.
    """
    import torch

    if isinstance(module, torch.nn.RNNBase) and ours and not _gives_sequence(theirs, ours):
        states = theirs[1]
        return [torch.cat([states[-2], states[-1]], dim=-1) if module.bidirectional else states[-1]]
    return [theirs[i] for i, _ in common_outputs(module, theirs, ours)]


def with_counterpart(module: Any, theirs: Sequence[Any], ours: Sequence[Any]) -> list[Any]:
    """Those outputs of a Keras layer that a torch module gives too."""
    import torch

    if isinstance(module, torch.nn.RNNBase):
        return list(ours[:1])
    return [ours[i] for _, i in common_outputs(module, theirs, ours)]


def common_outputs(module: Any, theirs: Sequence[Any], ours: Sequence[Any]) -> list[tuple[int, int]]:
    """The places, in torch and in Keras, of the outputs that both give as they are.

    A cell of Keras gives its output beside its states, of which it is the first. The attention weights may be asked for
    on one side alone, or of each head on one and on average on the other. Where the counts differ, shapes say which
    outputs are left out; if they do not, the first are compared.
    """
    import torch

    if isinstance(module, torch.nn.RNNBase):
        return [(0, 0)] if ours and _gives_sequence(theirs, ours) else []
    if isinstance(module, torch.nn.MultiheadAttention):
        both = enumerate(zip(theirs, ours, strict=False))
        return [(i, i) for i, (x, y) in both if i == 0 or x.ndim == len(y.shape)]
    first = 0
    if isinstance(module, torch.nn.RNNCellBase):
        first = max(len(ours) - (2 if isinstance(module, torch.nn.LSTMCell) else 1), 0)
    return [(i, first + j) for i, j in _matching(theirs, ours[first:])]


def gives_all(module: Any) -> bool:
    """Whether a Keras layer is to give as many tensors as this module; one for a recurrent layer or an attention may
    leave out states and attention weights."""
    import torch

    return not isinstance(module, (torch.nn.RNNBase, torch.nn.RNNCellBase, torch.nn.MultiheadAttention))


def _gives_sequence(theirs: Sequence[Any], ours: Sequence[Any]) -> bool:
    return len(ours[0].shape) == theirs[0].ndim


def _matching(theirs: Sequence[Any], ours: Sequence[Any]) -> list[tuple[int, int]]:
    """Which of two lists of outputs are the same, in their order."""
    count = min(len(theirs), len(ours))
    in_order = [(i, i) for i in range(count)]
    if len(theirs) == len(ours):
        return in_order
    swapped = len(theirs) > len(ours)
    short, long = (ours, theirs) if swapped else (theirs, ours)
    found: list[tuple[int, int]] = []
    places = iter(range(len(long)))
    for i, x in enumerate(short):
        j = next((j for j in places if sorted(long[j].shape) == sorted(x.shape)), None)
        if j is None:
            return in_order
        found.append((j, i) if swapped else (i, j))
    return found
