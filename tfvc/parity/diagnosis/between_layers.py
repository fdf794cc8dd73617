"""Culprits that are no layer: what a model does between the layers that are right."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from tfvc.parity.diagnosis.hypotheses.tensor_changes import Change, changes
from tfvc.parity.findings.layer import Diagnosis, Evidence
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.samples import Samples
from tfvc.parity.tracing.layer_views import LayerViews, Passage
from tfvc.parity.tracing.pairing import keras_path

KIND = "between layers"
EQUAL = 1e-6
_FUNCTIONS = {
    "a ReLU": lambda x: np.maximum(x, 0),
    "a tanh": np.tanh,
    "a sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "nothing": lambda x: x,
    "an absolute value": np.abs,
    "a SiLU": lambda x: x / (1 + np.exp(-x)),
    "an ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
}


def entering(views: LayerViews, passage: Passage, before: Sequence[Passage], row: Row) -> Diagnosis:
    """A layer is fed something wrong, though all layers before it are right."""
    theirs, ours = passage.inputs[row.key][:2]
    last = before[-1] if before else None
    place = f"behind {last.pair.path}, in front of {passage.pair.path}" if last else f"in front of {passage.pair.path}"
    earlier = {p.pair.path: a[0] for p in before for a in list(p.outputs.values())[:1]}
    enclosing = _enclosing(last, passage) if last else passage.pair.parent
    return _diagnosis(views, enclosing or "", f"What {place} happens", row, theirs, ours, earlier)


def leaving(views: LayerViews, before: Sequence[Passage], row: Row, samples: Samples) -> Diagnosis:
    """All layers are right and rightly fed, but the model's output is wrong."""
    place = f"What happens behind {before[-1].pair.path}" if before else "What the model computes"
    if row.key not in samples:
        mend = "Look at what training moves beside the layers that were compared."
        return Diagnosis(row.key, KIND, _keras(views, ""), row, "", "", mend)
    sample = samples[row.key]
    earlier = {p.pair.path: a[0] for p in before for a in list(p.outputs.values())[:1]}
    return _diagnosis(views, "", place, row, sample.torch64, sample.keras64, earlier)


def coming_back(
    views: LayerViews,
    leaves: Sequence[Passage],
    index: int,
    arrays: Sequence[np.ndarray],
    row: Row,
    terms: Mapping[str, np.ndarray],
) -> Diagnosis:
    """Forward all is right, and so is each layer's own gradient; but what comes back to this layer is not.

    `terms` are what the terms of torch's loss send back, if the layer is the last.
    """
    passage = leaves[index]
    call = f" (call {passage.number})" if passage.number > 1 else ""
    place = f"The gradient that comes back to {passage.pair.path}{call}"
    behind = f" from {leaves[index + 1].pair.path}" if index + 1 < len(leaves) else " from the loss"
    path = _enclosing(passage, leaves[index + 1]) if index + 1 < len(leaves) else "loss"
    theirs, ours = arrays[:2]
    evidence, found = _explain((*_of_terms(theirs, ours, terms), *changes(theirs, ours)), theirs, ours)
    kind = KIND if path != "loss" else "loss"
    if found is None:
        cause, mend, hypothesis = "", f"{place}{behind} differs: look at what lies between.", ""
    elif found.name == "zero":
        cause = f"{place}{behind} is zero: something stops it."
        mend, hypothesis = "Take away the stop_gradient (or the conversion to NumPy) on the way.", "gradient stopped"
    else:
        cause, mend, hypothesis = f"{place}{behind} is torch's {found.words}.", found.mend, f"gradient: {found.name}"
    return Diagnosis(path or "the whole model", kind, _keras(views, path), row, hypothesis, cause, mend, evidence)


def _of_terms(theirs: np.ndarray, ours: np.ndarray, terms: Mapping[str, np.ndarray]) -> Iterator[Change]:
    """A term of the loss whose gradient does not pass, or passes with another weight."""
    for term, gradient in terms.items():
        if gradient.shape == ours.shape == theirs.shape:
            weight = float(np.vdot(gradient, ours - theirs) / max(np.vdot(gradient, gradient), 1e-300))
            words = f"{'without' if weight < 0 else 'with too much,'} {abs(weight):.6g} times that of {term}"
            mend = f"Let the gradient of {term} pass (no stop_gradient), with torch's weight."
            yield Change("term", words, mend, lambda g, w=weight, d=gradient: g + w * torch_tensor(d))


def torch_tensor(array: np.ndarray) -> Any:
    import torch

    return torch.tensor(array)


def lost_gradient(views: LayerViews, row: Row, samples: Samples) -> Diagnosis:
    """Every layer's gradient is right, but not that of the whole: it is summed or sent on wrongly."""
    sample = samples[row.key]
    evidence, found = _explain(changes(sample.torch64, sample.keras64), sample.torch64, sample.keras64)
    if found is None:
        return Diagnosis(row.key, KIND, _keras(views, ""), row, "", "", "Look at what the loss does with it.", evidence)
    cause = f"The gradient of {row.key} is torch's {found.words}."
    return Diagnosis(row.key, KIND, _keras(views, ""), row, f"gradient: {found.name}", cause, found.mend, evidence)


def _enclosing(a: Passage, b: Passage) -> str:
    """The torch path of the smallest module that holds both."""
    one, other = a.pair.path.split("."), b.pair.path.split(".")
    shared = [x for x, y in zip(one, other, strict=False) if x == y]
    common = []
    for x, y in zip(one, other, strict=False):
        if x != y:
            break
        common.append(x)
    return ".".join(common) if shared else ""


def _keras(views: LayerViews, path: str) -> str:
    pair = views.pairing.find(path)
    layers = [views.keras64.layers[i] for i in pair.layers] if pair else [views.keras64.model]
    return " + ".join(keras_path(layer) for layer in layers)


def _diagnosis(
    views: LayerViews, path: str, place: str, row: Row, theirs: np.ndarray, ours: np.ndarray, earlier: dict[str, Any]
) -> Diagnosis:
    evidence, found = _explain((*_of_earlier(theirs, ours, earlier), *changes(theirs, ours)), theirs, ours)
    if found is None:
        cause, mend, name = "", f"{place} differs: compare it with the torch module's forward, line by line.", ""
    else:
        cause, mend, name = f"{place}: the result is torch's {found.words}.", found.mend, found.name
        if found.name == "function":
            cause = f"{place}: {found.words}."
    if not name and theirs.shape != ours.shape:
        cause, name = f"{place} gives the shape {ours.shape}, in torch {theirs.shape}.", "size"
    return Diagnosis(path or "the whole model", KIND, _keras(views, path), row, name, cause, mend, evidence)


def _explain(
    candidates: Iterator[Change] | Sequence[Change], theirs: np.ndarray, ours: np.ndarray
) -> tuple[tuple[Evidence, ...], Change | None]:
    """The first change of torch's tensor that gives Keras's."""
    import torch

    norm = max(float(np.linalg.norm(ours)), 1e-300)
    before = float(np.linalg.norm(theirs - ours) / norm) if theirs.shape == ours.shape else np.inf
    evidence: list[Evidence] = []
    for change in candidates:
        try:
            changed = change.apply(torch.tensor(theirs)).numpy()
        except (RuntimeError, IndexError, ValueError):
            continue
        after = float(np.linalg.norm(changed - ours) / norm) if changed.shape == ours.shape else np.inf
        explains = after <= EQUAL and after <= 1e-3 * before
        evidence.append(Evidence(change.name, before, after, explains))
        if explains:
            return tuple(sorted(evidence, key=lambda e: not e.explains)), change
    return tuple(evidence), None


def _of_earlier(theirs: np.ndarray, ours: np.ndarray, earlier: dict[str, np.ndarray]) -> Iterator[Change]:
    """Functions of what earlier layers gave: another activation than torch's, a sum that misses a term."""
    if theirs.shape != ours.shape:
        return
    for path, output in reversed(list(earlier.items())[-8:]):
        for axes in permutations(range(output.ndim)):
            if tuple(output.shape[a] for a in axes) != theirs.shape:
                continue
            y = np.transpose(output, axes)
            right = _function(y, theirs)
            wrong = _function(y, ours)
            if right and wrong and right != wrong:
                yield _replaced(f"there is {wrong} where torch has {right}", f"Put {right} there.", ours)
            elif wrong == "nothing" and not right:
                words = f"what {path} gives arrives unchanged, while torch does something with it"
                yield _replaced(words, "Compare with the torch module's forward.", ours)
            scale = float(np.vdot(y, ours - theirs) / max(np.vdot(y, y), 1e-300))
            if scale and np.linalg.norm(ours - theirs - scale * y) <= EQUAL * np.linalg.norm(ours - theirs):
                times = "" if abs(abs(scale) - 1) < 1e-9 else f"{abs(scale):.6g} times "
                words = f"{times}the output of {path} is {'added' if scale > 0 else 'missing'}"
                yield _replaced(words, "Compare the sums (residual connections) with torch's.", ours)


def _replaced(words: str, mend: str, ours: np.ndarray) -> Change:
    import torch

    return Change("function", words, mend, lambda x: torch.tensor(ours))


def _function(x: np.ndarray, y: np.ndarray) -> str:
    """Which function of x is y; empty if none that is known."""
    with np.errstate(all="ignore"):
        for name, function in _FUNCTIONS.items():
            if np.linalg.norm(function(x) - y) <= EQUAL * np.linalg.norm(y):
                return name
        negative = x < 0
        if negative.any() and np.allclose(x[~negative], y[~negative], rtol=1e-6):
            slope = float(np.median(y[negative] / x[negative]))
            if np.linalg.norm(np.where(negative, slope * x, x) - y) <= EQUAL * np.linalg.norm(y):
                return f"a LeakyReLU of slope {slope:.6g}"
    return ""
