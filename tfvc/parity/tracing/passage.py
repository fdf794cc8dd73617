"""One call of one pair of layers in a run of all four models, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing import axes as axes_of
from tfvc.parity.tracing.axes import Axes
from tfvc.parity.tracing.isolated import compared_outputs, names
from tfvc.parity.tracing.pairing import Pair


@dataclass
class Passage:
    """One call of one pair in one pass of all four models.

    Attributes:
        pair, number: which pair, and which of its calls.
        calls: of each side; of a chain of Keras layers the last's.
        chain: the Keras calls of a chain in float32, from the first.
        input_axes, output_axes: torch's axes in Keras's order; empty where they cannot be known.
        inputs, outputs: by name the arrays of all sides, in torch's layout.
        why_not: why it cannot be compared by itself; empty if it can.
    """

    pair: Pair
    number: int
    calls: FourOf[Call]
    chain: list[Call]
    input_axes: list[Axes] = field(default_factory=list)
    output_axes: list[Axes] = field(default_factory=list)
    inputs: dict[str, Sample] = field(default_factory=dict)
    outputs: dict[str, Sample] = field(default_factory=dict)
    why_not: str = ""

    @property
    def call(self) -> tuple[str, int]:
        """Which call of which torch module it is."""
        return self.pair.path, self.number


def passage_of(pair: Pair, number: int, chains: FourOf[list[Call]]) -> Passage:
    """Puts the calls of all sides side by side; each side gives those of its chain of layers, from the first."""
    passage = Passage(pair, number, chains.map(lambda chain: chain[-1]), chains.keras32)
    passage.why_not = _with_inputs(passage, chains.map(lambda chain: chain[0])) or _with_outputs(passage)
    return passage


def cotangents(passage: Passage) -> dict[str, Sample]:
    """By output the gradients that came back to it on all sides, in torch's layout; none where torch got none."""
    theirs, ours = passage.calls.float64
    if not ours.cotangents:
        return {}
    if len(theirs.outputs) != len(passage.outputs):
        whole = theirs.outputs and len(passage.outputs) == 1 and theirs.outputs[0].ndim == ours.outputs[0].ndim
        if not whole:
            return {}
    found = {}
    for i, name in enumerate(passage.outputs):
        gradients = passage.calls.map(lambda call, i=i: call.cotangents[i])
        if all(gradient is not None for gradient in gradients):
            found[name] = _in_torch_layout(gradients, passage.output_axes[i])
    return found


def _with_inputs(passage: Passage, firsts: FourOf[Call]) -> str:
    """Fills in the inputs; says why they cannot be compared, if they cannot."""
    module = passage.calls.torch32.owner
    theirs, ours = (call.inputs for call in firsts.float64)
    if len(theirs) != len(ours):
        return f"torch takes {len(theirs)} tensors, Keras {len(ours)}"
    for x, y in zip(theirs, ours, strict=True):
        found = axes_of.of_input(module, x.numpy(), np.asarray(y))
        if found is None:
            return f"inputs of shape {tuple(x.shape)} in torch and {tuple(y.shape)} in Keras"
        passage.input_axes.append(found)
    passage.inputs = _by_name("input", firsts.map(lambda call: call.inputs), passage.input_axes)
    return ""


def _with_outputs(passage: Passage) -> str:
    """Fills in the outputs; says why they cannot be compared, if they cannot."""
    calls = passage.calls
    of_keras = calls.keras64.outputs
    given = calls.map_each(lambda call: compared_outputs(call.owner, call.outputs, of_keras), lambda call: call.outputs)
    if given.torch64 is None:
        return f"torch gives {len(calls.torch64.outputs)} tensors, Keras {len(of_keras)}"
    first_axes = passage.input_axes[0] if passage.input_axes else None
    axes = []
    for x, y in zip(given.torch64, of_keras[: len(given.torch64)], strict=True):
        shapes = tuple(x.shape), tuple(y.shape)
        found = axes_of.of_output(calls.torch32.owner, *shapes, first_axes, passage.pair.leaf)
        if found is None:
            return f"outputs of shape {shapes[0]} in torch and {shapes[1]} in Keras"
        axes.append(found)
    passage.output_axes = axes
    passage.outputs = _by_name("output", given, axes)
    return ""


def _by_name(kind: str, tensors: FourOf[Sequence[Any]], axes: list[Axes]) -> dict[str, Sample]:
    """The arrays of all sides by name, Keras's transposed to torch's layout."""
    return {
        name: _in_torch_layout(tensors.map(lambda of_side, i=i: of_side[i]), axes[i])
        for i, name in enumerate(names(kind, len(axes)))
    }


def _in_torch_layout(tensors: FourOf[Any], axes: Axes) -> Sample:
    back = np.argsort(axes)
    return tensors.map(np.asarray).map_each(lambda x: x, lambda x: np.transpose(x, back) if x.ndim == len(back) else x)
