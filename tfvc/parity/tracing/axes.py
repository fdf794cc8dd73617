"""Which axis of a torch tensor is which of the Keras tensor.

Modules of torch have fixed layouts, so the kind of module says it. Where the kind does not (a module that somebody
wrote), the shapes may allow only one answer, or the numbers that flow in both models; otherwise there is none, and the
module is compared only as a part of something larger.
"""

import math
from itertools import permutations
from typing import Any

import numpy as np

from tfvc.weights import Layout
from tfvc.weights.layouts import Flattened

# Torch's axes in Keras's order.
Axes = tuple[int, ...]
# Two tensors are the same numbers in another layout, rather than merely of the same shape.
_SAME = 1e-6
# Modules of torch for [batch, channels, ...], each with a class for one, two and three dimensions.
_CHANNELS_FIRST = (
    "Conv",
    "ConvTranspose",
    "BatchNorm",
    "InstanceNorm",
    "ReflectionPad",
    "ReplicationPad",
    "ConstantPad",
    "AvgPool",
    "MaxPool",
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
)


def by_kind(module: Any, rank: int) -> Axes | None:
    """Torch's axes in Keras's order, for a tensor that a module takes or gives; None for an unknown kind."""
    from torch import nn

    families = (getattr(nn, f"{name}{dimensions}d") for name in _CHANNELS_FIRST for dimensions in (1, 2, 3))
    channels_first = (*families, nn.SyncBatchNorm, nn.GroupNorm, nn.Upsample)
    if isinstance(module, channels_first) or (isinstance(module, nn.PReLU) and module.num_parameters > 1):
        return (0, *range(2, rank), 1) if rank > 2 else tuple(range(rank))
    if isinstance(module, (nn.RNNBase, nn.MultiheadAttention)):
        return (1, 0, 2) if rank == 3 and not module.batch_first else tuple(range(rank))
    if isinstance(module, (nn.Linear, nn.Embedding, nn.LayerNorm, nn.RMSNorm, nn.RNNCellBase)):
        return tuple(range(rank))
    return None


def layout_of(axes: Axes | None) -> Layout | None:
    """The same as a layout, which takes tensors across."""
    return None if axes is None else Layout(tuple(np.argsort(axes).tolist()))


def folded(module: Any, torch_shape: tuple[int, ...], keras_shape: tuple[int, ...]) -> Layout | None:
    """The layout of a tensor whose axes before the last are folded together on a side.

    Only of a module that treats all of these alike; None if that does not explain the shapes.
    """
    from torch import nn

    alone = (nn.Linear, nn.RMSNorm, nn.LayerNorm)
    if not isinstance(module, alone) or len(getattr(module, "normalized_shape", (1,))) != 1:
        return None
    if math.prod(torch_shape) != math.prod(keras_shape) or torch_shape[-1:] != keras_shape[-1:]:
        return None
    return Flattened(tuple(range(len(keras_shape))), keras_shape, torch_shape)


def same_numbers(theirs: np.ndarray, ours: np.ndarray) -> bool:
    """Whether two tensors of one layout are the same but for rounding."""
    return bool(np.linalg.norm(theirs - 1.0 * ours) <= np.linalg.norm(theirs) * _SAME)


def order_of(layout: Layout | None) -> Axes | None:
    """A layout as an order of axes; None where several of Keras's are one of torch's."""
    return None if layout is None or isinstance(layout, Flattened) else tuple(np.argsort(layout.axes).tolist())


def in_torchs_layout(array: np.ndarray, layout: Layout) -> np.ndarray:
    """In torch's layout; as it is if it does not fit, which is then a difference to report."""
    fits = array.shape == layout.shape if isinstance(layout, Flattened) else array.ndim == len(layout.axes)
    return layout.to_torch(array) if fits else array


def of_input(module: Any, torch_array: np.ndarray, keras_array: np.ndarray) -> Axes | None:
    """The axes of an input that both models have computed; values that agree decide, then the kind, then the shapes."""
    return input_axes(by_kind(module, torch_array.ndim), torch_array, keras_array)


def input_axes(kind: Axes | None, torch_array: np.ndarray, keras_array: np.ndarray) -> Axes | None:
    """The same, where `by_kind` is known."""
    fitting = _fitting(torch_array.shape, keras_array.shape)
    ordered = [kind] * (kind in fitting) + fitting
    scale = np.linalg.norm(torch_array) * _SAME
    for axes in ordered:
        if np.linalg.norm(np.transpose(torch_array, axes) - 1.0 * keras_array) <= scale:
            return axes
    if kind in fitting:
        return kind
    return fitting[0] if len(fitting) == 1 else None


def of_output(
    module: Any,
    torch_shape: tuple[int, ...],
    keras_shape: tuple[int, ...],
    input_axes: Axes | None,
    leaf: bool = True,
) -> Axes | None:
    """The axes of an output: never by its values, which may be wrong.

    Args:
        module: the torch module.
        torch_shape, keras_shape: of the output.
        input_axes: of the module's first input.
        leaf: whether a shape that is wrong is to be reported rather than to be taken for another convention.
    """
    return output_axes(by_kind(module, len(torch_shape)), torch_shape, keras_shape, input_axes, leaf)


def output_axes(
    kind: Axes | None,
    torch_shape: tuple[int, ...],
    keras_shape: tuple[int, ...],
    of_input: Axes | None,
    leaf: bool = True,
) -> Axes | None:
    """The same, where `by_kind` is known."""
    fitting = _fitting(torch_shape, keras_shape)
    known = of_input if of_input is not None and len(of_input) == len(torch_shape) else kind
    if known in fitting or (not fitting and kind is not None):
        return known  # if nothing fits, the shape is wrong, and will be reported so
    if not fitting and leaf and len(torch_shape) == len(keras_shape):
        return _nearest(torch_shape, keras_shape)
    return fitting[0] if len(fitting) == 1 else None


def _nearest(torch_shape: tuple[int, ...], keras_shape: tuple[int, ...]) -> Axes | None:
    """The order of axes in which most sizes agree; None if several are equally good."""
    every = list(permutations(range(len(torch_shape))))
    agreeing = [sum(torch_shape[a] == n for a, n in zip(axes, keras_shape, strict=True)) for axes in every]
    best = [axes for axes, count in zip(every, agreeing, strict=True) if count == max(agreeing)]
    return best[0] if len(best) == 1 else None


def _fitting(torch_shape: tuple[int, ...], keras_shape: tuple[int, ...]) -> list[Axes]:
    """Every order of torch's axes that gives Keras's shape, the identity first."""
    if sorted(torch_shape) != sorted(keras_shape):
        return []
    every = permutations(range(len(torch_shape)))
    return [axes for axes in every if tuple(torch_shape[axis] for axis in axes) == tuple(keras_shape)]
