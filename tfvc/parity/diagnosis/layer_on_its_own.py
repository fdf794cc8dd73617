"""A layer and its reference, run by themselves, with the results that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfvc.parity.diagnosis.subjects.layer import CoarseLayerSubject, LayerSubject
from tfvc.parity.findings.row import NOISE_FACTOR, Row
from tfvc.parity.findings.stage import Mode, Phase, StageKind
from tfvc.parity.tracing import isolated
from tfvc.parity.tracing.forward import ForwardPass
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage

# The mode of a pass, and which of a layer's results are compared.
Result = tuple[Mode, StageKind]


def layer_subject(
    views: LayerViews, passage: Passage, row: Row, rows: Sequence[Row], passes: Sequence[ForwardPass] = ()
) -> LayerSubject:
    """The layer in float64; of a forward pass with all results that differ.

    Args:
        views: the layers.
        passage: a call of the layer.
        row: the first row that failed.
        rows: all rows of the layer's local view.
        passes: the forward passes, for what the layer was called with in each mode.
    """
    first = _result(row)
    passage = _in_mode(passage, first[0], passes) or passage
    subject = _subject(views, passage, first)
    others = []
    if row.stage.phase is not Phase.BACKWARD:
        for other in dict.fromkeys(_result(r) for r in rows if r.failed):
            there = _in_mode(passage, other[0], passes)
            if other != first and there is not None:
                others.append(_subject(views, there, other))
    views.reset_statistics(passage.pair)
    return replace(subject, others=others)


def coarse_layer_subject(views: LayerViews, passage: Passage, row: Row) -> CoarseLayerSubject:
    """The layer with Keras's results in float32; what rounding may leave is measured on torch's."""
    mode, what = _result(row)
    subject = _subject(views, passage, (mode, what))
    found = isolated.run_keras(views.models.keras32, passage.pair, views.feed(passage, what is StageKind.GRADIENTS))
    results = found.gradients if what is StageKind.GRADIENTS else found.outputs
    values = {**vars(subject), "keras": {name: results[name] for name in subject.keras}}
    return CoarseLayerSubject(**{**values, "rounding": NOISE_FACTOR * row.noise32 / row.precision})


def _result(row: Row) -> Result:
    """Which results a row is of."""
    if row.stage.phase is Phase.BACKWARD:
        return Mode.TRAINING, StageKind.GRADIENTS
    if row.stage.kind is StageKind.RUNNING_STATISTICS:
        return Mode.TRAINING, StageKind.RUNNING_STATISTICS
    return row.stage.mode, StageKind.OUTPUTS


def _in_mode(passage: Passage, mode: Mode, passes: Sequence[ForwardPass]) -> Passage | None:
    return next((one.find(passage) for one in passes if one.mode is mode), None)


def _subject(views: LayerViews, passage: Passage, result: Result) -> LayerSubject:
    """One result of a layer in float64."""
    mode, what = result
    pair, (torch_side, keras_side) = passage.pair, views.models.sides.float64
    module = torch_side.module.get_submodule(pair.path)
    module.train(mode is Mode.TRAINING)
    views.reset_statistics(pair)
    buffers = {name: buffer.numpy().copy() for name, buffer in module.named_buffers()}
    feed = views.feed(passage, what is StageKind.GRADIENTS)
    ran = isolated.run_torch(torch_side, module, feed), isolated.run_keras(keras_side, pair, feed)
    theirs, ours = _of_kind(views, passage, what, *ran)
    return LayerSubject(
        module,
        [keras_side.layers[i] for i in pair.layers],
        mode,
        what,
        passage.calls.torch64,
        passage.calls.keras64,
        feed.inputs,
        feed.cotangents,
        theirs,
        ours,
        buffers,
        join=lambda gradients: views.joined(gradients, pair),
        parts=_parts(views, pair.path, pair.keys),
        padding=passage.torch_padding,
        path=pair.path,
        model=torch_side.module,
    )


def _of_kind(
    views: LayerViews, passage: Passage, what: StageKind, theirs: isolated.Result, ours: isolated.Result
) -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Of all that both layers gave the results of one kind."""
    if what is StageKind.OUTPUTS:
        return theirs.outputs, ours.outputs
    if what is StageKind.GRADIENTS:
        joined = views.joined(theirs.gradients, passage.pair)
        shared = [name for name in joined if name in ours.gradients]
        return {name: joined[name] for name in shared}, {name: ours.gradients[name] for name in shared}
    moved = {k: x for k, x in views.statistics(passage.pair).items() if x.torch64.dtype.kind == "f"}
    return {k: x.torch64.copy() for k, x in moved.items()}, {k: x.keras64 for k, x in moved.items()}


def _parts(views: LayerViews, path: str, keys: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """The torch names of what is one in Keras, as the module has them."""
    entries = (entry.inside(path) for entry in views.models.torch64.joint if entry.lies_in(keys))
    return {entry.name: entry.keys for entry in entries}
