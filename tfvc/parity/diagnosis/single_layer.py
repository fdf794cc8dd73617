"""Why a single layer is wrong by itself."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from tfvc.parity.diagnosis.explain import Explanation, explain, or_unexplained
from tfvc.parity.diagnosis.hypothesis import Hypothesis, hypotheses_about
from tfvc.parity.diagnosis.layer_on_its_own import coarse_layer_subject, layer_subject
from tfvc.parity.diagnosis.subjects.layer import LayerSubject, unchanged
from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, StageKind
from tfvc.parity.findings.words import failure_words
from tfvc.parity.tracing.forward import ForwardPass
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage

# So many culprits get a diagnosis; the first is the one to fix first.
MOST = 3


def diagnose_layer(views: LayerViews, passage: Passage, row: Row, passes: Sequence[ForwardPass] = ()) -> Diagnosis:
    """The diagnosis of one call of a layer.

    Args:
        views: the layers.
        passage: the call.
        row: the first row of its local view that failed.
        passes: the forward passes, for what the layer was called with in each mode.
    """
    unexplained = _unexplained(views.layer(passage), row, Explanation(None, ()))
    return or_unexplained(lambda: _diagnosed(views, passage, row, passes), unexplained)


def _diagnosed(views: LayerViews, passage: Passage, row: Row, passes: Sequence[ForwardPass]) -> Diagnosis:
    layer = views.layer(passage)
    not_finite = row.failure(FailureKind.NOT_FINITE)
    if not_finite and not_finite.side.is_keras:
        return _not_finite(layer, row, layer_subject(views, passage, row, [row]))
    if row.only_imprecise:
        return _imprecise(layer, row, explain(coarse_layer_subject(views, passage, row)))
    subject = layer_subject(views, passage, row, layer.local_forward, passes)
    found = explain(subject)
    if found.hypothesis is None:
        found = _explain_together(subject, found)
    if found.hypothesis is None:
        return _unexplained(layer, row, found)
    hypothesis = found.hypothesis
    return _of_layer(layer, row, hypothesis.name, hypothesis.cause, hypothesis.fix, found)


def _of_layer(
    layer: Layer, row: Row, hypothesis: str, cause: str, fix: str, tried: Explanation | None = None
) -> Diagnosis:
    evidence = tried.evidence if tried else ()
    return Diagnosis(layer.name, Fault.LAYER, layer.keras_path, row, hypothesis, cause, fix, evidence)


def _explain_together(subject: LayerSubject, alone: Explanation) -> Explanation:
    """Several known differences at once: one for each of the results that differ, if there is one for each.

    Keras's default BatchNormalization is such a case: its epsilon changes the outputs, its momentum and its variance
    the running statistics.

    Args:
        subject: the layer.
        alone: what was tried before, to no avail.
    """
    found: dict[str, Hypothesis] = {}
    evidence = list(alone.evidence)
    for result in (replace(subject, others=()), *subject.others):
        # What explains one result often explains the next.
        tried = explain(result, chain(list(found.values()), hypotheses_about(result)))
        evidence += tried.evidence
        if tried.hypothesis is None:
            break
        found[tried.hypothesis.name] = tried.hypothesis
    else:
        if len(found) > 1:
            every = found.values()
            both = Hypothesis(
                " and ".join(found),
                " Also: ".join(hypothesis.cause for hypothesis in every),
                " ".join(hypothesis.fix for hypothesis in every),
                unchanged,
            )
            return Explanation(both, _explaining_first(evidence))
    return Explanation(None, _explaining_first(evidence))


def _explaining_first(evidence: list) -> tuple:
    return tuple(sorted(evidence, key=lambda one: not one.explains))


def _unexplained(layer: Layer, row: Row, tried: Explanation) -> Diagnosis:
    """What can be said where no hypothesis fits."""
    shape = row.failure(FailureKind.SHAPE)
    cause = f"The output has another shape: {failure_words(shape)}." if shape else ""
    statistics = row.stage.kind is StageKind.RUNNING_STATISTICS
    what = "gradient" if row.stage.phase is Phase.BACKWARD else "running statistics" if statistics else "output"
    fix = f"Compare the {what} of {layer.keras_class} and torch's {layer.torch_class} on the same input: it differs."
    return _of_layer(layer, row, "size" if shape else "", cause, fix, tried)


def _imprecise(layer: Layer, row: Row, tried: Explanation) -> Diagnosis:
    """A layer that loses precision."""
    found = tried.hypothesis
    if found:
        return _of_layer(layer, row, found.name, found.cause, found.fix, tried)
    cause = "In float64 the layer is right; in float32 it is noisier than rounding allows."
    fix = "Look for casts to a coarser dtype, and for sums that lose digits."
    return _of_layer(layer, row, "precision", cause, fix, tried)


def _not_finite(layer: Layer, row: Row, subject: LayerSubject) -> Diagnosis:
    """Where the NaN or infinity is."""
    name, bad = next(
        ((k, ~np.isfinite(y)) for k, y in subject.keras.items() if not np.isfinite(y).all()), ("output", np.zeros(0))
    )
    where = np.argwhere(bad)
    first = tuple(where[0].tolist()) if len(where) else ()
    cause = f"The layer's {name} is not finite in {bad.sum()} of {bad.size} places, first at {first}; its input is."
    return _of_layer(
        layer, row, "not finite", cause, "Look for a division, a root or a logarithm of zero, or an overflow."
    )
