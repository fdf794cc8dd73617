"""Differences that a case knows and accepts: stock Keras layers train otherwise than torch's, and are used anyway.

The torch module is then compared as if it had the difference too, so that everything else can still be judged. A
report lists what its case accepts.
"""

from collections.abc import Callable, Sequence
from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.weights import Sum


def _biased_running_variance(module: Any, joint: Sequence[Any]) -> None:
    """Batch norms keep the biased variance, as `keras.layers.BatchNormalization` does."""
    from torch import nn

    batch_norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
    for norm in module.modules():
        if isinstance(norm, batch_norms) and norm.track_running_stats:
            before: list[Any] = []

            def remember(norm: Any, args: Any, before: list[Any] = before) -> None:
                before[:] = [norm.running_var.clone()]

            def correct(norm: Any, args: Any, output: Any, before: list[Any] = before) -> None:
                if norm.training:
                    count = args[0].numel() // args[0].shape[1]
                    kept = (1 - norm.momentum) * before[0]
                    # Behind autograd's back: the backward pass does not need the running variance.
                    norm.running_var.data.sub_(kept).mul_((count - 1) / count).add_(kept)

            norm.register_forward_pre_hook(remember)
            norm.register_forward_hook(correct)


def _one_bias_for_two(module: Any, joint: Sequence[Any]) -> None:
    """Where Keras has the sum of two biases, only the first is trained."""
    parameters = dict(module.named_parameters())
    for entry in joint:
        if isinstance(entry.keys_as, Sum):
            for key in entry.keys[1:]:
                parameters[key].requires_grad_(False)


def _trained_padding_row(module: Any, joint: Sequence[Any]) -> None:
    """The row of an embedding's padding is trained as any other."""
    from torch import nn

    for embedding in module.modules():
        if isinstance(embedding, (nn.Embedding, nn.EmbeddingBag)):
            embedding.padding_idx = None


def _as_it_is(module: Any, joint: Sequence[Any]) -> None:
    """Nothing: who it concerns asks for it by its name."""


# Keras's optimizers divide by the norm of all gradients, torch's `clip_grad_norm_` by 1e-6 more.
CLIPPING = "clipping without 1e-6"
# Nothing is dropped in a comparison; what the models would drop is then not compared either.
DROPOUT = "dropout"
# A step of one side computes in float32 whatever it is given; what is no further off than that rounding then passes.
FLOAT32 = "float32 on one side"
KNOWN: dict[str, Callable[[Any, Sequence[Any]], None]] = {
    "biased running variance": _biased_running_variance,
    "one bias for two": _one_bias_for_two,
    "trained padding row": _trained_padding_row,
    CLIPPING: _as_it_is,
    DROPOUT: _as_it_is,
    FLOAT32: _as_it_is,
}


def accept(names: Sequence[str], module: Any, joint: Sequence[Any]) -> None:
    """Makes a torch module do what Keras does in these respects.

    Args:
        names: of the differences, keys of `KNOWN`.
        module: changed by hooks, and by which parameters are trained.
        joint: the entries that are several torch tensors.

    Raises:
        TfvcError: for a name that is not known.
    """
    for name in names:
        if name not in KNOWN:
            raise TfvcError(f"parity: no accepted difference {name!r}: choose from {', '.join(KNOWN)}")
        KNOWN[name](module, joint)
