"""One call of one pair of layers in a run of all four models, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing import axes as axes_of
from tfvc.parity.tracing.axes import in_torchs_layout, layout_of
from tfvc.parity.tracing.isolated import names
from tfvc.parity.tracing.outputs import compared_outputs, with_counterpart
from tfvc.parity.tracing.pairing import Pair
from tfvc.parity.tracing.projections import Projection
from tfvc.weights import Layout


@dataclass
class Passage:
    """One call of one pair in one pass of all four models.

    Attributes:
        pair, number: which pair, and which of its calls.
        calls: of each side; of a chain of Keras layers the last's.
        chains: the calls of each side, of a chain of Keras layers from the first.
        input_layouts, output_layouts: how each tensor crosses; empty where that cannot be known.
        inputs, outputs: by name the arrays of all sides, in torch's layout.
        why_not: why it cannot be compared by itself; empty if it can.
    """

    pair: Pair
    number: int
    calls: FourOf[Call]
    chains: FourOf[list[Call]]
    input_layouts: list[Layout] = field(default_factory=list)
    output_layouts: list[Layout] = field(default_factory=list)
    inputs: dict[str, Sample] = field(default_factory=dict)
    outputs: dict[str, Sample] = field(default_factory=dict)
    why_not: str = ""

    @property
    def call(self) -> tuple[str, int]:
        """Which call of which torch module it is."""
        return self.pair.path, self.number


def passage_of(pair: Pair, number: int, chains: FourOf[list[Call]], projection: Projection | None = None) -> Passage:
    """Puts the calls of all sides side by side.

    Args:
        pair, number: which pair, and which of its calls.
        chains: of each side the calls of its chain of layers, from the first.
        projection: how the tensors cross, if the layer is a projection to or from several axes.
    """
    passage = Passage(pair, number, chains.map(lambda chain: chain[-1]), chains)
    passage.why_not = _with_inputs(passage, projection) or _with_outputs(passage, projection)
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
        gradients = passage.calls.map_each(
            lambda call, i=i: call.cotangents[i],
            lambda call, i=i: with_counterpart(theirs.owner, call.cotangents)[i],
        )
        if all(gradient is not None for gradient in gradients):
            found[name] = _in_torchs_layout(gradients, passage.output_layouts[i])
    return found


def _with_inputs(passage: Passage, projection: Projection | None) -> str:
    """Fills in the inputs; says why they cannot be compared, if they cannot."""
    firsts = passage.chains.map(lambda chain: chain[0])
    module = passage.calls.torch32.owner
    theirs, ours = (call.inputs for call in firsts.float64)
    if len(theirs) != len(ours):
        return f"torch takes {len(theirs)} tensors, Keras {len(ours)}"
    for x, y in zip(theirs, ours, strict=True):
        found = projection and projection.of_input(tuple(x.shape), tuple(y.shape))
        found = found or layout_of(axes_of.of_input(module, x.numpy(), np.asarray(y)))
        if found is None:
            return f"inputs of shape {tuple(x.shape)} in torch and {tuple(y.shape)} in Keras"
        passage.input_layouts.append(found)
    passage.inputs = _by_name("input", firsts.map(lambda call: call.inputs), passage.input_layouts)
    return ""


def _with_outputs(passage: Passage, projection: Projection | None) -> str:
    """Fills in the outputs; says why they cannot be compared, if they cannot."""
    calls, module = passage.calls, passage.calls.torch32.owner
    of_keras = calls.keras64.outputs
    given = calls.map_each(
        lambda call: compared_outputs(module, call.outputs, of_keras),
        lambda call: with_counterpart(module, call.outputs),
    )
    if given.torch64 is None:
        return f"torch gives {len(calls.torch64.outputs)} tensors, Keras {len(of_keras)}"
    first = passage.input_layouts[0] if passage.input_layouts else None
    layouts = []
    for x, y in zip(given.torch64, given.keras64, strict=False):
        shapes = tuple(x.shape), tuple(y.shape)
        found = projection and projection.of_output(*shapes)
        found = found or layout_of(axes_of.of_output(module, *shapes, axes_of.order_of(first), passage.pair.leaf))
        if found is None:
            return f"outputs of shape {shapes[0]} in torch and {shapes[1]} in Keras"
        layouts.append(found)
    passage.output_layouts = layouts
    passage.outputs = _by_name("output", given, layouts)
    return ""


def _by_name(kind: str, tensors: FourOf[Sequence[Any]], layouts: list[Layout]) -> dict[str, Sample]:
    """The arrays of all sides by name, Keras's in torch's layout."""
    return {
        name: _in_torchs_layout(tensors.map(lambda of_side, i=i: of_side[i]), layouts[i])
        for i, name in enumerate(names(kind, len(layouts)))
    }


def _in_torchs_layout(tensors: FourOf[Any], layout: Layout) -> Sample:
    return tensors.map(np.asarray).map_each(lambda x: x, lambda x: in_torchs_layout(x, layout))
