"""Culprits that are no layer: what a model does between the layers that are right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tfvc.parity.catching import Catching
from tfvc.parity.diagnosis.explain import Explanation, explain
from tfvc.parity.diagnosis.hypotheses.between_layers import SUM, UNCHANGED
from tfvc.parity.diagnosis.runs import run_subject
from tfvc.parity.diagnosis.subjects.run import SECONDS, RunSubject
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject
from tfvc.parity.diagnosis.suspects import Suspect, backward_suspect, forward_suspect, owner_of
from tfvc.parity.findings.diagnosis import Diagnosis, Evidence, Fault
from tfvc.parity.findings.failure import FailureKind
from tfvc.parity.findings.raised import Activity
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.judgement import Sample
from tfvc.parity.judging.samples import Samples
from tfvc.parity.tracing.backward import BackwardPass
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.pairing import keras_path
from tfvc.parity.tracing.passage import Passage

WHOLE = "the whole model"


def entering(views: LayerViews, passage: Passage, before: Sequence[Passage], row: Row) -> Diagnosis:
    """A layer is fed something wrong, though all layers before it are right."""
    last = before[-1] if before else None
    place = f"behind {_called(last)}, in front of {_called(passage)}" if last else f"in front of {_called(passage)}"
    enclosing = _enclosing(last, passage) if last else passage.pair.parent
    subject = TensorSubject(
        f"What {place} happens",
        *passage.inputs[row.key].float64,
        earlier=_first_tensors(before),
        inputs=views.models.inputs,
    )
    run = lambda: run_subject(views, subject.place, row, passage, before)  # noqa: E731
    return _of_tensor(views, enclosing or "", row, subject, forward_suspect(views, before, passage), run)


def leaving(views: LayerViews, before: Sequence[Passage], row: Row, samples: Samples) -> Diagnosis:
    """All layers are right and rightly fed, but the model's output is wrong."""
    if row.key not in samples:
        missing = row.failure(FailureKind.MISSING) is not None
        fix = "Look at what training moves beside the layers that were compared."
        fix = "Give it on both sides, under one name." if missing else fix
        why = Diagnosis(row.key, Fault.BETWEEN_LAYERS, _keras(views, ""), row, fix=fix)
        return _with_suspect(why, owner_of(views, row.key))
    place = f"What happens behind {_called(before[-1])}" if before else "What the model computes"
    subject = TensorSubject(
        place, *samples[row.key].float64, earlier=_first_tensors(before), inputs=views.models.inputs
    )
    run = lambda: run_subject(views, place, row, samples[row.key], before)  # noqa: E731
    return _of_tensor(views, "", row, subject, forward_suspect(views, before, None), run)


def followed(
    views: LayerViews, why: Diagnosis, calls: Sequence[Passage], row: Row, target: Passage | Sample
) -> Diagnosis:
    """A layer that is wrong by itself, explained by what it and what follows it give together, if they are.

    Args:
        views: the layers.
        why: the diagnosis of the layer by itself.
        calls: up to the layer's.
        row: of the tensor that is wrong behind it.
        target: that tensor: the input of a call, or an output of the model.
    """
    place = f"What {_called(calls[-1])} and what follows it do"
    tried, _ = _by_run(lambda: run_subject(views, place, row, target, calls, also=calls[-1]))
    if tried.hypothesis is None:
        return replace(why, evidence=(*why.evidence, *tried.evidence))
    found = _of_run(views, calls[-1].pair.path, why.row, tried)
    inside = found.culprit == why.culprit or found.culprit.startswith(f"{calls[-1].pair.path}.")
    return replace(found, keras=why.keras) if inside else found


def coming_back(
    views: LayerViews, calls: Sequence[Passage], sample: Sample, row: Row, terms: Mapping[str, np.ndarray]
) -> Diagnosis:
    """Forward all is right, and so is each layer's own gradient; but what comes back to a layer is not.

    Args:
        views: the layers.
        calls: of this layer and, unless it is the last, of all behind it.
        sample: what comes back.
        row: that failed.
        terms: what the terms of torch's loss send back, if the layer is the last.
    """
    passage, *after = calls
    behind = after[0].pair.path if after else "the loss"
    place = f"The gradient that comes back to {_called(passage)} from {behind}"
    path = _enclosing(passage, after[0]) if after else "loss"
    tried = explain(TensorSubject(place, *sample.float64, is_gradient=True, terms=terms))
    found = tried.hypothesis
    unknown = "", "", f"{place} differs: look at what lies between."
    name, cause, fix = (found.name, found.cause, found.fix) if found else unknown
    kind = Fault.BETWEEN_LAYERS if after else Fault.LOSS
    if not after and passage.calls.keras64.bare:
        # Behind what was compared, the Keras layer has its activation.
        path, kind = passage.pair.path, Fault.IN_OR_BEHIND
    why = Diagnosis(path or WHOLE, kind, _keras(views, path), row, name, cause, fix, tried.evidence)
    return _with_suspect(why, backward_suspect(views, after))


def lost_gradient(views: LayerViews, row: Row, one: BackwardPass) -> Diagnosis:
    """Every layer's gradient is right, but not that of the whole: it is summed or sent on wrongly."""
    place = f"The gradient of {row.key}"
    if row.key not in one.gradients:
        fix = "Train it on both sides, or on neither."
        return Diagnosis(row.key, Fault.BETWEEN_LAYERS, _keras(views, ""), row, fix=fix)
    tried = explain(TensorSubject(place, *one.gradients[row.key].float64, is_gradient=True))
    found = tried.hypothesis
    unknown = "", "", "Look at what the loss does with it."
    name, cause, fix = (found.name, found.cause, found.fix) if found else unknown
    why = Diagnosis(row.key, Fault.BETWEEN_LAYERS, _keras(views, ""), row, name, cause, fix, tried.evidence)
    return _with_suspect(why, owner_of(views, row.key))


def _of_tensor(
    views: LayerViews,
    path: str,
    row: Row,
    subject: TensorSubject,
    suspect: Suspect | None,
    run: Callable[[], RunSubject | None],
) -> Diagnosis:
    """What lies between layers gives another tensor; torch's model is run again if that by itself says too little."""
    tried, exhausted = explain(subject), False
    if tried.hypothesis is None or tried.hypothesis.name == UNCHANGED:
        by_run, exhausted = _by_run(run)
        if by_run.hypothesis is not None:
            return _of_run(views, path, row, by_run)
        tried = Explanation(tried.hypothesis, (*tried.evidence, *by_run.evidence))
    found, place = tried.hypothesis, subject.place
    theirs, ours = subject.torch.shape, subject.keras.shape
    if found:
        name, cause, fix = found.name, found.cause, found.fix
    else:
        name, cause = ("size", f"{place} gives the shape {ours}, in torch {theirs}.") if theirs != ours else ("", "")
        fix = f"{place} differs: compare it with the torch module's forward, line by line."
        if exhausted:
            fix += f" The search for a cause ended after {SECONDS:g} s: not all known differences were tried."
    kind = Fault.BETWEEN_LAYERS
    why = Diagnosis(path or WHOLE, kind, _keras(views, path), row, name, cause, fix, tried.evidence)
    # A term that is known to be in the sum is added by no layer, compared or not.
    return why if name == SUM else _with_suspect(why, suspect)


def _by_run(run: Callable[[], RunSubject | None]) -> tuple[Explanation, bool]:
    """What runs of torch's model explain, and whether they took too long to try all; what is raised is evidence too."""
    with Catching(activity=Activity.DIAGNOSIS) as caught:
        again = run()
        if again is None:
            return Explanation(None, ()), False
        return explain(again), again.exhausted
    return Explanation(None, tuple(Evidence("", np.inf, np.inf, False, one) for one in caught.raised)), False


def _of_run(views: LayerViews, path: str, row: Row, tried: Explanation) -> Diagnosis:
    """What torch's whole model shows with one thing changed; a hypothesis knows where it changed it."""
    found = tried.hypothesis
    path = path if found.where is None else found.where
    kind, keras = found.fault or Fault.BETWEEN_LAYERS, found.keras or _keras(views, path)
    return Diagnosis(path or WHOLE, kind, keras, row, found.name, found.cause, found.fix, tried.evidence)


def _with_suspect(why: Diagnosis, suspect: Suspect | None) -> Diagnosis:
    """The diagnosis, its place being the layer that could not be compared, if there is one."""
    if suspect is None:
        return why
    layer = suspect.layer
    fix = f"{suspect.words} {why.fix}"
    return replace(why, culprit=layer.name, kind=suspect.kind, keras=layer.keras_path, fix=fix)


def _called(passage: Passage) -> str:
    """The torch path, with the call's number where it is not the first."""
    return f"{passage.pair.path} (call {passage.number})" if passage.number > 1 else passage.pair.path


def _first_tensors(passages: Sequence[Passage]) -> dict[str, np.ndarray]:
    """The first input and the first output of each call, as torch has them, by what they are."""
    found: dict[str, np.ndarray] = {}
    for passage in passages:
        path = passage.pair.path
        for words, samples in ((f"the input of {path}", passage.inputs), (f"the output of {path}", passage.outputs)):
            if samples:
                found[words] = next(iter(samples.values())).torch64
    return found


def _enclosing(a: Passage, b: Passage) -> str:
    """The torch path of the smallest module that holds both."""
    common = []
    for x, y in zip(a.pair.path.split("."), b.pair.path.split("."), strict=False):
        if x != y:
            break
        common.append(x)
    return ".".join(common)


def _keras(views: LayerViews, path: str) -> str:
    side = views.models.keras64
    around = [pair for pair in views.pairing.pairs if f"{path}.".startswith(f"{pair.path}.") and pair.path]
    pair = max(around, key=lambda pair: len(pair.path), default=None)
    layers = [side.layers[i] for i in pair.layers] if pair else [side.model]
    return " + ".join(keras_path(layer) for layer in layers)
