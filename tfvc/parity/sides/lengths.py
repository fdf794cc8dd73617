"""What lies behind a length, as in padded batches, is taken out of the outputs: nothing is promised of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError

Lengths = Mapping[str, str | tuple[str | None, ...]]
Tensors = Mapping[str, Any]


def torch_without_padding(outputs: Tensors, inputs: Tensors, lengths: Lengths) -> dict[str, Any]:
    """Torch's outputs, zero behind their lengths; see `ParityCase.lengths`."""

    def cut(output: Any, counts: Any, axis: int) -> Any:
        import torch

        rows, along = _shapes(output, axis)
        keep = torch.arange(output.shape[axis], device=output.device).reshape(along) < counts.reshape(rows)
        return torch.where(keep, output, torch.zeros_like(output))

    return _each(cut, outputs, inputs, lengths)


def keras_without_padding(outputs: Tensors, inputs: Tensors, lengths: Lengths) -> dict[str, Any]:
    """Keras's outputs, zero behind their lengths."""

    def cut(output: Any, counts: Any, axis: int) -> Any:
        import tensorflow as tf

        rows, along = _shapes(output, axis)
        places = tf.range(tf.shape(output)[axis], dtype=counts.dtype)
        return tf.where(tf.reshape(places, along) < tf.reshape(counts, rows), output, tf.zeros_like(output))

    return _each(cut, outputs, inputs, lengths)


def array_without_padding(outputs: Tensors, inputs: Tensors, lengths: Lengths) -> dict[str, np.ndarray]:
    """Arrays, zero behind their lengths; names that are not among them are passed over."""

    def cut(output: Any, counts: Any, axis: int) -> Any:
        rows, along = _shapes(output, axis)
        return np.where(np.arange(output.shape[axis]).reshape(along) < counts.reshape(rows), output, 0)

    return _each(cut, outputs, inputs, {name: sources for name, sources in lengths.items() if name in outputs})


def _each(cut: Callable[[Any, Any, int], Any], outputs: Tensors, inputs: Tensors, lengths: Lengths) -> dict[str, Any]:
    found = dict(outputs)
    for name, axis, source in _axes(lengths):
        for what, there, wanted in (("output", outputs, name), ("input", inputs, source)):
            if wanted not in there and wanted not in inputs:
                raise TfvcError(f"lengths of {name}: there is no {what} {wanted}; there are {', '.join(there)}")
        if name not in found:
            continue
        if axis >= len(found[name].shape):
            raise TfvcError(f"lengths of {name}: it has no axis {axis}, its shape is {tuple(found[name].shape)}")
        found[name] = cut(found[name], inputs[source], axis)
    return found


def _axes(lengths: Lengths) -> Iterator[tuple[str, int, str]]:
    """(output, axis, the input that holds the lengths along it)."""
    for name, sources in lengths.items():
        for axis, source in enumerate((sources,) if isinstance(sources, str) else sources, start=1):
            if source is not None:
                yield name, axis, source


def _shapes(output: Any, axis: int) -> tuple[list[int], list[int]]:
    """How the rows' lengths, and the positions along an axis, stand beside an output."""
    rank = len(output.shape)
    along = [1] * rank
    along[axis] = -1
    return [-1] + [1] * (rank - 1), along
