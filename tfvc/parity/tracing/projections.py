"""Linear layers whose input or output is one axis in torch and several in Keras: `EinsumDense`, as attentions have it.

Which axes of Keras's tensors are torch's one, and in which order, follows from the layer's equation and from how its
kernel crosses. What is laid out otherwise than the kernel is a difference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras

from tfvc.weights import Entry, Layout
from tfvc.weights.layouts import Flattened

Shape = tuple[int, ...]
# For axes that the equation does not name.
_UNNAMED = "0123456789"


@dataclass(frozen=True)
class Projection:
    """How the tensors of an `EinsumDense` cross.

    Attributes:
        inputs, outputs: the labels of its tensors in its equation.
        inner, outer: the labels of torch's last axis of the input and of the output, the last running fastest.
    """

    inputs: str
    outputs: str
    inner: str
    outer: str

    def of_input(self, torch_shape: Shape, keras_shape: Shape) -> Layout | None:
        """The layout of the input; None if these shapes have none."""
        return _layout(self.inputs, self.inputs, self.inner, torch_shape, keras_shape)

    def of_output(self, torch_shape: Shape, keras_shape: Shape) -> Layout | None:
        """The layout of the output; None if its axes cannot be told."""
        return _layout(self.outputs, self.inputs, self.outer, torch_shape, keras_shape, of_any_size=True)


def projection_of(layer: keras.layers.Layer, entries: Sequence[Entry]) -> Projection | None:
    """The projection that a layer is, if its kernel is all of one torch matrix."""
    if not isinstance(layer, keras.layers.EinsumDense):
        return None
    layout = next((e.layout for e in entries if len(e.variables) == 1 and e.variables[0] is layer.kernel), None)
    if not isinstance(layout, Layout):
        return None
    left, outputs = layer.equation.split("->")
    inputs, kernel = left.split(",")
    labels = kernel if layout.axes is None else "".join(kernel[axis] for axis in layout.axes)
    outer = {label for label in kernel if label in outputs}
    inner = {label for label in kernel if label in inputs}
    if outer & inner or outer | inner != set(kernel):
        return None
    for first in (outer, inner):
        rows, columns = labels[: len(first)], labels[len(first) :]
        if set(rows) == first:
            return Projection(inputs, outputs, *((columns, rows) if first is outer else (rows, columns)))
    return None


def _layout(
    labels: str, inputs: str, flat: str, torch_shape: Shape, keras_shape: Shape, of_any_size: bool = False
) -> Layout | None:
    """Of a tensor with these labels, of which `flat` are torch's last axis."""
    unnamed = _UNNAMED[: len(keras_shape) - len(labels.replace("...", ""))] if "..." in labels else ""
    labels, inputs = labels.replace("...", unnamed), inputs.replace("...", unnamed)
    kept = [label for label in inputs if label in labels and label not in flat]
    if sorted([*kept, *flat]) != sorted(labels) or len(labels) != len(keras_shape):
        return None
    groups = [*((labels.index(label),) for label in kept), tuple(labels.index(label) for label in flat)]
    sizes = tuple(math.prod(keras_shape[axis] for axis in group) for group in groups)
    fits = len(sizes) == len(torch_shape) if of_any_size else sizes == torch_shape
    return Flattened.of(keras_shape, *groups) if fits else None
