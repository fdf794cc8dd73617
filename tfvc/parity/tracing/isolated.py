"""One pair of layers by itself: both fed torch's own inputs and, backward, torch's own cotangents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.sides.keras_trace import bare_output
from tfvc.parity.sides.structure import take_apart
from tfvc.parity.sides.torch_side import TorchSide
from tfvc.parity.tracing.axes import in_torchs_layout
from tfvc.parity.tracing.outputs import compared_outputs, with_counterpart
from tfvc.parity.tracing.padding import NO_PADDING, Padding, around_first
from tfvc.parity.tracing.pairing import Pair
from tfvc.weights import Entry, Layout

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Feed:
    """What both layers of a pair get, in torch's layout and in float32.

    Attributes:
        inputs: torch's own.
        cotangents: of the compared outputs; None if it is a forward pass.
        chains: the calls of each side, where all other arguments come from; one for each layer of a chain.
        input_layouts, output_layouts: how each input and each compared output crosses.
        torch_padding, keras_padding: what each model puts around the first input, outside of the layer.
    """

    inputs: list[np.ndarray]
    cotangents: list[np.ndarray] | None
    chains: FourOf[list[Call]]
    input_layouts: list[Layout]
    output_layouts: list[Layout]
    torch_padding: Padding = NO_PADDING
    keras_padding: Padding = NO_PADDING

    def of(self, owner: Any) -> list[Call]:
        """The calls of the side whose module or first layer this is."""
        return next(chain for chain in self.chains if chain[0].owner is owner)


@dataclass
class Result:
    """What one layer made of a feed, in torch's layout."""

    outputs: Arrays
    gradients: Arrays = field(default_factory=dict)


def names(kind: str, count: int) -> list[str]:
    """`output`, or `output.0`, `output.1`, ... where there are several."""
    return [kind] if count == 1 else [f"{kind}.{i}" for i in range(count)]


def run_torch(side: TorchSide, module: Any, feed: Feed) -> Result:
    """The torch module's outputs, and its gradients if there are cotangents."""
    import torch

    inputs = [side.tensor(x) for x in feed.inputs]
    backward = feed.cotangents is not None
    real = [x.requires_grad_(backward) for x in inputs if x.is_floating_point()]
    parameters = {name: p for name, p in module.named_parameters() if p.requires_grad} if backward else {}
    with torch.set_grad_enabled(backward):
        # Copies, because a module that works in place may not overwrite what gradients are asked of.
        padded = around_first([x.clone() for x in inputs], feed.torch_padding.around_torch)
        args, kwargs = feed.of(module)[0].arguments(padded)
        given = take_apart(module(*args, **kwargs), torch.is_tensor)[1]
        outputs = compared_outputs(module, given, feed.chains.keras32[-1].outputs)
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
    with side.computing():
        inputs = [side.tensor(layout.to_keras(x)) for x, layout in zip(feed.inputs, feed.input_layouts, strict=True)]
        real = [x for x in inputs if x.dtype.is_floating]
        variables = [[variable.value for variable in entry.variables] for entry in entries]
        with tf.GradientTape() as tape:
            tape.watch(real)
            padded = around_first(inputs, lambda x: feed.keras_padding.around_keras(x, feed.input_layouts[0]))
            outputs = _chain(layers, feed.of(layers[0]), padded)
        of_torch = feed.chains.torch32[0]
        outputs = with_counterpart(of_torch.owner, of_torch.outputs, outputs)
        arrays = [in_torchs_layout(np.asarray(y), a) for y, a in zip(outputs, feed.output_layouts, strict=True)]
        result = Result(dict(zip(names("output", len(arrays)), arrays, strict=True)))
        if feed.cotangents is not None:
            cotangents = [
                side.tensor(layout.to_keras(g)) for g, layout in zip(feed.cotangents, feed.output_layouts, strict=True)
            ]
            gradients = tape.gradient(
                outputs, (real, variables), output_gradients=cotangents, unconnected_gradients="zero"
            )
            of_real = [a for a, x in zip(feed.input_layouts, inputs, strict=True) if x.dtype.is_floating]
            for name, g, layout in zip(names("input", len(real)), gradients[0], of_real, strict=True):
                result.gradients[name] = in_torchs_layout(np.asarray(g), layout)
            for entry, of_entry in zip(entries, gradients[1], strict=True):
                arrays = [np.asarray(tf.convert_to_tensor(g)) for g in of_entry]
                result.gradients[entry.inside(pair.path).name] = entry.gather(arrays, gradient=True)
    return result


def _chain(layers: list[keras.layers.Layer], calls: list[Call], inputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Calls one layer after the other; the bare outputs of the last."""
    for layer, call in zip(layers, calls, strict=True):
        args, kwargs = call.arguments(inputs)
        with bare_output(layer) as bare:
            result = layer(*args, **kwargs)
        inputs = take_apart(result, tf.is_tensor)[1]
    return (bare or inputs) if call.bare else inputs


def reset_statistics(torch_side: TorchSide, keras_side: KerasSide, pair: Pair, state: Mapping[str, np.ndarray]) -> None:
    """Puts back what a training pass moves in both layers."""
    prefix = f"{pair.path}." if pair.path else ""
    for name, buffer in torch_side.module.get_submodule(pair.path).named_buffers():
        if prefix + name in state:
            buffer.copy_(torch_side.tensor(state[prefix + name]))
    for entry in _moved_entries(keras_side, pair):
        entry.assign(state[entry.name])


def statistics(sides: FourOf[Any], pair: Pair) -> dict[str, Sample]:
    """The running statistics of a pair on all sides, by the names that its torch module has for them."""
    buffers = [dict(side.module.get_submodule(pair.path).named_buffers()) for side in sides.torch]
    found = {}
    for of_64, of_32 in zip(*(_moved_entries(side, pair) for side in sides.keras), strict=True):
        here = of_64.inside(pair.path)
        theirs = [here.join([of_side[key].numpy() for key in here.keys]) for of_side in buffers]
        ours = [entry.value() for entry in (of_64, of_32)]
        found[here.name] = FourOf(theirs[0], ours[0], theirs[1], ours[1])
    return found


def _moved_entries(side: KerasSide, pair: Pair) -> list[Entry]:
    """The entries of a pair that training moves without a gradient."""
    return [entry for entry in side.entries if entry.lies_in(pair.keys) and not entry.trainable]
