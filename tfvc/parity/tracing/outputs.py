"""Which outputs of a torch module are which of a Keras layer."""

from collections.abc import Sequence
from typing import Any


def compared_outputs(module: Any, theirs: Sequence[Any], keras_outputs: Sequence[Any]) -> list[Any] | None:
    """Those outputs of a torch module that a Keras layer gives; None if they cannot be matched."""
    import torch

    if isinstance(module, torch.nn.RNNBase):
        sequence, states = theirs[0], theirs[1]
        if len(keras_outputs[0].shape) == sequence.ndim:
            return [sequence]
        return [torch.cat([states[-2], states[-1]], dim=-1) if module.bidirectional else states[-1]]
    if isinstance(module, torch.nn.MultiheadAttention):
        # Its attention weights may be asked for on one side alone, or of each head on one and on average on the other.
        both = zip(theirs, keras_outputs, strict=False)
        return [x for i, (x, y) in enumerate(both) if i == 0 or x.ndim == len(y.shape)]
    return list(theirs) if len(theirs) == len(with_counterpart(module, keras_outputs)) else None


def with_counterpart(module: Any, keras_outputs: Sequence[Any]) -> list[Any]:
    """Those outputs of a Keras layer that a torch module gives too: of a recurrent cell its states.

    A cell of Keras gives its output beside its states, of which it is the first.
    """
    import torch

    if isinstance(module, torch.nn.RNNCellBase):
        states = 2 if isinstance(module, torch.nn.LSTMCell) else 1
        return list(keras_outputs[-states:])
    return list(keras_outputs)
