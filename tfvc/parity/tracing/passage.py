"""One call of one pair of layers in a run of all four models, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.parity.findings.not_compared import NotCompared, Reason
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.sides.call import Call
from tfvc.parity.tracing import axes as axes_of
from tfvc.parity.tracing.axes import in_torchs_layout, layout_of
from tfvc.parity.tracing.isolated import names
from tfvc.parity.tracing.outputs import common_outputs, compared_outputs, gives_all, with_counterpart
from tfvc.parity.tracing.padding import NO_PADDING, Padding, padding_outside
from tfvc.parity.tracing.pairing import Pair
from tfvc.parity.tracing.projections import Projection
from tfvc.weights import Layout
from tfvc.weights.layouts import Flattened


@dataclass
class Passage:
    """One call of one pair in one pass of all four models.

    Attributes:
        pair, number: which pair, and which of its calls.
        calls: of each side; of a chain of Keras layers the last's.
        chains: the calls of each side, of a chain of Keras layers from the first.
        input_layouts, output_layouts: how each tensor crosses; empty where that cannot be known.
        torch_padding, keras_padding: what each model puts around the first input, where the other's layer pads it.
        inputs, outputs: by name the arrays of all sides, in torch's layout and without that padding.
        why_not: why it, or some of its outputs, cannot be compared by itself.
    """

    pair: Pair
    number: int
    calls: FourOf[Call]
    chains: FourOf[list[Call]]
    input_layouts: list[Layout] = field(default_factory=list)
    output_layouts: list[Layout] = field(default_factory=list)
    torch_padding: Padding = NO_PADDING
    keras_padding: Padding = NO_PADDING
    inputs: dict[str, Sample] = field(default_factory=dict)
    outputs: dict[str, Sample] = field(default_factory=dict)
    why_not: list[NotCompared] = field(default_factory=list)

    @property
    def runs_alone(self) -> bool:
        """Whether both layers can be fed alike, and what they give compared."""
        return bool(self.output_layouts) and not any(one.hides for one in self.why_not)

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
    why_not = _with_inputs(passage, projection), _with_outputs(passage, projection)
    passage.why_not += [one for one in why_not if one is not None]
    return passage


def cotangents(passage: Passage) -> dict[str, Sample]:
    """By output the gradients that came back to it on all sides, in torch's layout; none where torch got none."""
    theirs, ours = passage.calls.float64
    if not ours.cotangents:
        return {}
    places = common_outputs(theirs.owner, theirs.outputs, ours.outputs)
    found = {}
    for (i, j), name, layout in zip(places, passage.outputs, passage.output_layouts, strict=False):
        gradients = passage.calls.map_each(lambda call, i=i: call.cotangents[i], lambda call, j=j: call.cotangents[j])
        if all(gradient is not None for gradient in gradients):
            found[name] = _in_torchs_layout(gradients, layout)
    return found


def _with_inputs(passage: Passage, projection: Projection | None) -> NotCompared | None:
    """Fills in the inputs; says why they cannot be compared, if they cannot."""
    firsts = passage.chains.map(lambda chain: chain[0])
    module = passage.calls.torch32.owner
    theirs, ours = (call.inputs for call in firsts.float64)
    if len(theirs) != len(ours):
        return NotCompared(Reason.INPUT_COUNT, len(theirs), len(ours))
    layouts = []
    for x, y in zip(theirs, ours, strict=True):
        found = projection and projection.of_input(tuple(x.shape), tuple(y.shape))
        found = found or layout_of(axes_of.of_input(module, x.numpy(), np.asarray(y)))
        padded = padding_outside(module, x.numpy(), np.asarray(y)) if found is None and len(theirs) == 1 else None
        if padded is not None:
            found, passage.torch_padding, passage.keras_padding = padded
        found = found or _folded(module, x.numpy(), np.asarray(y))
        if found is None:
            return NotCompared(Reason.INPUT_SHAPE, tuple(x.shape), tuple(y.shape))
        layouts.append(found)
    passage.input_layouts = layouts
    inputs = _by_name("input", firsts.map(lambda call: call.inputs), layouts)
    crop = passage.torch_padding.without, passage.keras_padding.without
    passage.inputs = {name: sample.map_each(*crop) for name, sample in inputs.items()}
    return None


def _folded(module: Any, theirs: np.ndarray, ours: np.ndarray) -> Layout | None:
    """How an input crosses whose leading axes are one on a side; in the same order, as the numbers must say."""
    layout = axes_of.folded(module, theirs.shape, ours.shape)
    return layout if layout is not None and axes_of.same_numbers(theirs, layout.to_torch(ours)) else None


def _with_outputs(passage: Passage, projection: Projection | None) -> NotCompared | None:
    """Fills in the outputs; says why they cannot be compared, if they cannot."""
    calls, module = passage.calls, passage.calls.torch32.owner
    of_torch, of_keras = calls.torch64.outputs, calls.keras64.outputs
    given = calls.map_each(
        lambda call: compared_outputs(module, call.outputs, of_keras),
        lambda call: with_counterpart(module, of_torch, call.outputs),
    )
    first = passage.input_layouts[0] if passage.input_layouts else None
    layouts = []
    for x, y in zip(given.torch64, given.keras64, strict=False):
        shapes = tuple(x.shape), tuple(y.shape)
        found = projection and projection.of_output(*shapes)
        if isinstance(first, Flattened) and not found:
            found = axes_of.folded(module, *shapes)
        if not passage.input_layouts and sorted(shapes[0]) != sorted(shapes[1]):
            return NotCompared(Reason.OUTPUT_SHAPE, *shapes)
        found = found or layout_of(axes_of.of_output(module, *shapes, axes_of.order_of(first), passage.pair.leaf))
        if found is None:
            return NotCompared(Reason.OUTPUT_SHAPE, *shapes)
        layouts.append(found)
    passage.output_layouts = layouts
    passage.outputs = _by_name("output", given, layouts)
    if not layouts or (len(of_torch) != len(of_keras) and gives_all(module)):
        return NotCompared(Reason.OUTPUT_COUNT, len(of_torch), len(of_keras))
    return None


def _by_name(kind: str, tensors: FourOf[Sequence[Any]], layouts: list[Layout]) -> dict[str, Sample]:
    """The arrays of all sides by name, Keras's in torch's layout."""
    return {
        name: _in_torchs_layout(tensors.map(lambda of_side, i=i: of_side[i]), layouts[i])
        for i, name in enumerate(names(kind, len(layouts)))
    }


def _in_torchs_layout(tensors: FourOf[Any], layout: Layout) -> Sample:
    return tensors.map(np.asarray).map_each(lambda x: x, lambda x: in_torchs_layout(x, layout))
