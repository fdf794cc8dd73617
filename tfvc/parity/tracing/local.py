"""One pair of layers by itself: both fed torch's own inputs and, backward, torch's own cotangents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity.sides.call import Call
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.keras_trace import bare_output
from tfvc.parity.sides.precision import precision
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.parity.tracing.axes import Axes
from tfvc.parity.tracing.pairing import Pair
from tfvc.parity.tracing.structure import put_together, take_apart
from tfvc.weights import Entry

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Feed:
    """What both layers of a pair get, in torch's layout and in float32.

    Attributes:
        inputs: torch's own.
        cotangents: of the compared outputs; None if it is a forward pass.
        torch_call, keras_calls: where the arguments that are no tensors come from; one Keras call for each of a chain.
        input_axes, output_axes: torch's axes in Keras's order, for each input and each compared output.
    """

    inputs: list[np.ndarray]
    cotangents: list[np.ndarray] | None
    torch_call: Call
    keras_calls: list[Call]
    input_axes: list[Axes]
    output_axes: list[Axes]


@dataclass
class Result:
    """What one layer made of a feed, in torch's layout."""

    outputs: Arrays
    gradients: Arrays = field(default_factory=dict)


def names(kind: str, count: int) -> list[str]:
    """`output`, or `output.0`, `output.1`, ... where there are several."""
    return [kind] if count == 1 else [f"{kind}.{i}" for i in range(count)]


def compared_outputs(module: Any, theirs: Sequence[Any], keras_outputs: Sequence[Any]) -> list[Any] | None:
    """Those outputs of a torch module that a Keras layer gives; None if they cannot be matched."""
    import torch

    if isinstance(module, torch.nn.RNNBase):
        sequence, states = theirs[0], theirs[1]
        if len(keras_outputs[0].shape) == sequence.ndim:
            return [sequence]
        return [torch.cat([states[-2], states[-1]], dim=-1) if module.bidirectional else states[-1]]
    if isinstance(module, torch.nn.MultiheadAttention):
        return list(theirs[: len(keras_outputs)])  # its attention weights may be asked for on one side alone
    return list(theirs) if len(theirs) == len(keras_outputs) else None


def run_torch(side: TorchSide, module: Any, feed: Feed) -> Result:
    """The torch module's outputs, and its gradients if there are cotangents."""
    import torch

    inputs = [side.tensor(x) for x in feed.inputs]
    backward = feed.cotangents is not None
    real = [x.requires_grad_(backward) for x in inputs if x.is_floating_point()]
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad} if backward else {}
    with torch.set_grad_enabled(backward):
        # Copies, because a module that works in place may not overwrite what gradients are asked of.
        args, kwargs = put_together(feed.torch_call.template, [x.clone() for x in inputs])
        given = take_apart(module(*args, **kwargs), torch.is_tensor)[1]
        outputs = compared_outputs(module, given, feed.keras_calls[-1].outputs) or []
    result = Result({n: y.detach().numpy() for n, y in zip(names("output", len(outputs)), outputs, strict=True)})
    if backward:
        wanted = {**dict(zip(names("input", len(real)), real, strict=True)), **parameters}
        cotangents = [side.tensor(g) for g in feed.cotangents]
        joined = torch.autograd.grad(outputs, list(wanted.values()), cotangents, allow_unused=True)
        result.gradients = {
            name: (torch.zeros_like(x) if g is None else g).numpy()
            for (name, x), g in zip(wanted.items(), joined, strict=True)
        }
    return result


def run_keras(side: KerasSide, pair: Pair, feed: Feed) -> Result:
    """The Keras layer's outputs, and its gradients if there are cotangents, in torch's layout."""
    layers = [side.layers[i] for i in pair.layers]
    entries = [entry for entry in side.entries if entry.lies_in(pair.keys) and entry.trainable]
    with precision(side.dtype):
        inputs = [
            side.tensor(np.ascontiguousarray(np.transpose(x, axes)))
            for x, axes in zip(feed.inputs, feed.input_axes, strict=True)
        ]
        real = [x for x in inputs if x.dtype.is_floating]
        variables = [[variable.value for variable in entry.variables] for entry in entries]
        with tf.GradientTape() as tape:
            tape.watch(real)
            outputs = _chain(layers, feed.keras_calls, inputs)
        outputs = outputs[: len(feed.output_axes)]
        back = [np.argsort(axes) for axes in feed.output_axes]
        arrays = [_back(np.asarray(y), axes) for y, axes in zip(outputs, back, strict=True)]
        result = Result(dict(zip(names("output", len(arrays)), arrays, strict=True)))
        if feed.cotangents is not None:
            cotangents = [
                side.tensor(np.ascontiguousarray(np.transpose(g, axes)))
                for g, axes in zip(feed.cotangents, feed.output_axes, strict=True)
            ]
            gradients = tape.gradient(
                outputs, (real, variables), output_gradients=cotangents, unconnected_gradients="zero"
            )
            axes_of_real = [a for a, x in zip(feed.input_axes, inputs, strict=True) if x.dtype.is_floating]
            for name, g, axes in zip(names("input", len(real)), gradients[0], axes_of_real, strict=True):
                result.gradients[name] = _back(np.asarray(g), np.argsort(axes))
            for entry, of_entry in zip(entries, gradients[1], strict=True):
                arrays = [np.asarray(tf.convert_to_tensor(g)) for g in of_entry]
                result.gradients[entry.inside(pair.path).name] = entry.gather(arrays, gradient=True)
    return result


def _chain(layers: list[keras.layers.Layer], calls: list[Call], inputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Calls one layer after the other; the bare outputs of the last."""
    for layer, call in zip(layers, calls, strict=True):
        args, kwargs = put_together(call.template, inputs)
        with bare_output(layer) as bare:
            result = layer(*args, **kwargs)
        inputs = take_apart(result, tf.is_tensor)[1]
    return (bare or inputs) if call.bare else inputs


def _back(array: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """In torch's order of axes; as it is if its rank is another, which is then a difference to report."""
    return np.transpose(array, axes) if array.ndim == len(axes) else array


def reset_statistics(
    torch_side: TorchSide, keras_side: KerasSide, pair: Pair, module: Any, state: Mapping[str, np.ndarray]
) -> None:
    """Puts back what a training pass moves in both layers."""
    prefix = f"{pair.path}." if pair.path else ""
    for name, buffer in module.named_buffers():
        if prefix + name in state:
            buffer.copy_(torch_side.tensor(state[prefix + name]))
    for entry in statistics(keras_side, pair):
        entry.assign(state[entry.name])


def statistics(side: KerasSide, pair: Pair) -> list[Entry]:
    """The entries of a pair that training moves without a gradient."""
    return [entry for entry in side.entries if entry.lies_in(pair.keys) and not entry.trainable]
