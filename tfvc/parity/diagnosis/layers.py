"""Which layer is the culprit, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis import between, losses
from tfvc.parity.diagnosis.convolution import convolution
from tfvc.parity.diagnosis.elementwise import elementwise
from tfvc.parity.diagnosis.general import gradients, inputs, mode, outputs, weights
from tfvc.parity.diagnosis.imprecise import imprecise
from tfvc.parity.diagnosis.normalization import normalization
from tfvc.parity.diagnosis.own import own
from tfvc.parity.diagnosis.recurrent import recurrent
from tfvc.parity.diagnosis.suspect import Suspect, View, first_of
from tfvc.parity.findings.layer import CULPRIT, Diagnosis, Layer
from tfvc.parity.findings.report import Report
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.samples import Samples
from tfvc.parity.layer_table import sublayers
from tfvc.parity.sides.keras_side import KerasSide
from tfvc.parity.tracing import local
from tfvc.parity.tracing.layer_views import LayerViews, Passage, cotangents
from tfvc.parity.tracing.pairing import keras_path

HYPOTHESES = first_of(
    mode, normalization, convolution, recurrent, elementwise, own, outputs, gradients, inputs, weights
)
# So many culprits get a diagnosis; the first is the one to mend first.
MOST = 3


@dataclass(frozen=True)
class ForwardPass:
    """A forward pass of the four models in one mode.

    Attributes:
        mode: "inference" or "training".
        passages: the calls.
        failed: the rows of the whole model that failed.
        outputs: of the whole model.
    """

    mode: str
    passages: Sequence[Passage]
    failed: Sequence[Row]
    outputs: Samples

    def find(self, passage: Passage) -> Passage | None:
        """The same call as one of another pass."""
        same = (p for p in self.passages if (p.pair.path, p.number) == (passage.pair.path, passage.number))
        return next(same, None)


def diagnose_forward(
    report: Report, views: LayerViews, passes: Sequence[ForwardPass], state: Mapping[str, np.ndarray]
) -> None:
    """Adds a diagnosis for the culprits of forward passes, the first in the order of computation first."""
    for one in passes:
        before: list[Passage] = []
        for passage in one.passages:
            if not passage.pair.leaf:
                continue
            layer = views.layer(passage)
            of_mode = [row for row in layer.propagated_forward if row.stage.startswith(one.mode)]
            entering = next((row for row in of_mode if row.failed and row.key.startswith("input")), None)
            if entering and not report.diagnoses:
                report.diagnoses.append(between.entering(views, passage, before, entering))
                break
            wrong = next((row for row in layer.local_forward if row.failed), None)
            if wrong and len(report.diagnoses) < MOST:
                report.diagnoses.append(_of_layer(views, passage, wrong, state, passes))
            before.append(passage)
        if one.failed and not report.diagnoses:
            report.diagnoses.append(between.leaving(views, before, one.failed[0], one.outputs))
        if report.diagnoses:
            return


def diagnose_backward(
    report: Report,
    views: LayerViews,
    passages: Sequence[Passage],
    failed: Sequence[Row],
    of_losses: Samples,
    of_gradients: Samples,
    state: Mapping[str, np.ndarray],
    turn: Turn,
    of_terms: Callable[[Turn, str, int], Mapping[str, np.ndarray]],
) -> None:
    """Adds a diagnosis for the culprits of a backward pass, the last in the order of computation first.

    `of_terms(turn, path, call)` gives what each term of torch's loss sends back to the output of a call.
    """
    leaves = [passage for passage in passages if passage.pair.leaf]
    for passage in reversed(leaves):
        wrong = next((row for row in views.layer(passage).local_backward if row.failed), None)
        if wrong and len(report.diagnoses) < MOST:
            report.diagnoses.append(_of_layer(views, passage, wrong, state, ()))
    if not failed or report.diagnoses:
        return
    if failed[0].stage.endswith("losses"):
        # A term that is wrong says more than the sum of all.
        terms = [row for row in failed if row.stage == failed[0].stage and row.key != turn.name]
        report.diagnoses.append(losses.diagnose((terms or failed)[0], of_losses, leaves))
        return
    for index in range(len(leaves) - 1, -1, -1):
        rows = views.layer(leaves[index]).propagated_backward
        found = cotangents(leaves[index])
        for arrays in found.values():
            if _differ(arrays):
                row = next((r for r in rows if r.failed), failed[0])
                passage = leaves[index]
                terms = of_terms(turn, passage.pair.path, passage.number) if index == len(leaves) - 1 else {}
                report.diagnoses.append(between.coming_back(views, leaves, index, arrays, row, terms))
                return
    report.diagnoses.append(between.lost_gradient(views, failed[0], of_gradients))


def _differ(arrays: Sequence[np.ndarray]) -> bool:
    if arrays[0].shape != arrays[1].shape:
        return True
    return bool(np.linalg.norm(arrays[0] - arrays[1]) > 1e-9 * max(np.linalg.norm(arrays[0]), 1e-30))


def _of_layer(
    views: LayerViews, passage: Passage, row: Row, state: Mapping[str, np.ndarray], passes: Sequence[ForwardPass]
) -> Diagnosis:
    """The diagnosis of a single layer that is wrong by itself."""
    layer = views.layer(passage)
    if "not finite" in row.reason and "Keras" in row.reason:
        return _not_finite(layer, row, views, passage, state)
    if row.only_imprecise:
        return imprecise(views, passage, layer, row)
    suspect = bench(views, passage, row, layer.local_forward, state, passes)
    sizes = _sizes(suspect, row)
    found = suspect.explained_by(HYPOTHESES(suspect)) or suspect.explained_together(HYPOTHESES)
    evidence = tuple(sorted(suspect.evidence, key=lambda e: not e.explains))
    cause, mend = (found.cause, found.mend) if found else (sizes, _advice(layer, row))
    name = found.name if found else "size" if sizes else ""
    return Diagnosis(layer.name, "layer", layer.keras_path, row, name, cause, mend, evidence)


def _advice(layer: Layer, row: Row) -> str:
    what = "gradient" if row.phase == "backward" else "running statistics" if "statistics" in row.stage else "output"
    return f"Compare the {what} of {layer.keras_class} and torch's {layer.torch_class} on the same input: it differs."


def _sizes(suspect: Suspect, row: Row) -> str:
    """What can be said of shapes that differ."""
    return f"The output has another shape: {row.reason}." if "has shape" in row.reason else ""


def _not_finite(
    layer: Layer, row: Row, views: LayerViews, passage: Passage, state: Mapping[str, np.ndarray]
) -> Diagnosis:
    suspect = bench(views, passage, row, [row], state, ())
    name, bad = next(
        ((k, ~np.isfinite(y)) for k, y in suspect.keras.items() if not np.isfinite(y).all()), ("output", np.zeros(0))
    )
    where = np.argwhere(bad)
    first = tuple(where[0].tolist()) if len(where) else ()
    cause = f"The layer's {name} is not finite in {bad.sum()} of {bad.size} places, first at {first}; its input is."
    mend = "Look for a division, a root or a logarithm of zero, or an overflow."
    return Diagnosis(layer.name, "layer", layer.keras_path, row, "not finite", cause, mend)


def bench(
    views: LayerViews,
    passage: Passage,
    row: Row,
    rows: Sequence[Row],
    state: Mapping[str, Any],
    passes: Sequence[ForwardPass],
) -> Suspect:
    """A layer and its reference, run by themselves in float64, with the results that differ.

    Args:
        views: the layers.
        passage: a call of the layer.
        row: the first row that failed.
        rows: all rows of the layer's local view.
        state: the weights that all started from.
        passes: the forward passes, for what the layer was called with in each mode.
    """
    pair = passage.pair
    module = views.torch64.module.get_submodule(pair.path)
    passage = _in_mode(passage, _result(row)[0], passes) or passage
    found = [_view(views, passage, module, *_result(row), state)]
    if row.phase == "forward":
        for other in dict.fromkeys(_result(r) for r in rows if r.failed):
            there = _in_mode(passage, other[0], passes)
            if other != _result(row) and there is not None:
                found.append(_view(views, there, module, *other, state))
    local.reset_statistics(views.torch64, views.keras64, pair, module, state)
    feed, first = views.feed(passage, row.phase == "backward"), found[0]
    return Suspect(
        module,
        [views.keras64.layers[i] for i in pair.layers],
        first.mode,
        first.what,
        passage.calls[0],
        passage.calls[1],
        first.inputs,
        feed.cotangents,
        first.torch,
        first.keras,
        {name: buffer.numpy().copy() for name, buffer in module.named_buffers()},
        lambda gradients: views.joined(gradients, pair),
        found[1:],
    )


def _in_mode(passage: Passage, mode: str, passes: Sequence[ForwardPass]) -> Passage | None:
    return next((one.find(passage) for one in passes if one.mode == mode), None)


def _result(row: Row) -> tuple[str, str]:
    """Which results a row is of: mode, and what."""
    if row.phase == "backward":
        return "training", "gradients"
    if "statistics" in row.stage:
        return "training", "running statistics"
    return ("training" if "training" in row.stage else "inference"), "outputs"


def _view(views: LayerViews, passage: Passage, module: Any, mode: str, what: str, state: Mapping[str, Any]) -> View:
    """The results of one mode, of torch and of Keras."""
    pair, feed = passage.pair, views.feed(passage, what == "gradients")
    module.train(mode == "training")
    local.reset_statistics(views.torch64, views.keras64, pair, module, state)
    theirs = local.run_torch(views.torch64, module, feed)
    ours = local.run_keras(views.keras64, pair, feed)
    if what == "gradients":
        gradients = [views.joined(theirs.gradients, pair), ours.gradients]
        shared = [k for k in gradients[0] if k in gradients[1]]
        return View(mode, what, feed.inputs, *({k: g[k] for k in shared} for g in gradients))
    if what == "outputs":
        return View(mode, what, feed.inputs, theirs.outputs, ours.outputs)
    moved = {k: a for k, a in views.statistics(pair, [module, module]).items() if a[0].dtype.kind == "f"}
    return View(
        mode, what, feed.inputs, {k: a[0].copy() for k, a in moved.items()}, {k: a[1] for k, a in moved.items()}
    )


def diagnose_sizes(report: Report, module: Any, side: KerasSide) -> None:
    """Weights that do not fit: the layer of the first is the culprit, and no other layer can be run."""
    modules = dict(module.named_modules())
    layers = sublayers(side.model)
    owners: dict[str, Layer] = {}
    for row in report.rows:
        entry = next(entry for entry in side.entries if entry.name == row.key)
        path = max((p for p in modules if not p or entry.keys[0].startswith(f"{p}.")), key=len)
        variable = entry.variables[0]
        around = [layer for layer in layers if any(v is variable for v in layer.weights)]
        owner = min(around, key=lambda layer: len(layer.weights))
        outer = next(
            (x for x in around if len(x.weights) > len(owner.weights) and "Cell" in type(owner).__name__), owner
        )
        if path not in owners:
            owners[path] = Layer(
                path,
                type(modules[path]).__name__,
                keras_path(outer),
                type(outer).__name__,
                paired_by="weights",
                verdict=CULPRIT,
            )
        owners[path].local_forward.append(row)
    report.layers = list(owners.values())
    for layer in report.layers[:MOST]:
        row = layer.local_forward[0]
        size = _units(modules[layer.path])
        cause = f"The layer has another size than torch's: {row.reason} (for {row.key})."
        mend = f"Give the Keras layer torch's size{size}"
        mend += "; the bottleneck must be the same on both sides." if "hidden_size" in size else "."
        if len(report.layers) > 1 and layer is report.layers[0]:
            mend += f" {len(report.layers) - 1} layers behind it have the wrong size too."
        report.diagnoses.append(Diagnosis(layer.name, "layer", layer.keras_path, row, "size", cause, mend))


def _units(module: Any) -> str:
    known = ("hidden_size", "out_features", "out_channels", "num_features", "embedding_dim")
    return "".join(f", {name} {getattr(module, name)}" for name in known if hasattr(module, name))
