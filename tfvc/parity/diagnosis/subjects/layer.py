"""A culprit on the bench, and how an imitation of a known difference is tried on it.

A hypothesis is a way to make the torch reference wrong as a port may be wrong: other constants, weights in another
order, an input that is shifted. It runs on the culprit alone, in float64, on the reference's own input. Where the
reference, made wrong so, gives what the Keras layer gives, the cause has been found.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import keras
import numpy as np

from tfvc.parity.findings.layer import Evidence
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.structure import put_together, take_apart
from tfvc.parity.tracing.isolated import compared_outputs, names

# An explanation must leave at most this error, and at most this part of the error without it.
VANISHED, OF_ERROR = 1e-6, 1e-3

Weights = dict[str, Any]
Forward = Callable[[list[Any], Weights], list[Any]]


@dataclass(frozen=True)
class Imitation:
    """A known difference: what the reference gives if it is made wrong in this way.

    Attributes:
        name: of the hypothesis.
        cause, mend: a sentence each.
        forward: (float64 inputs, parameters and buffers by name) -> outputs; it may change the buffers in place.
    """

    name: str
    cause: str
    mend: str
    forward: Forward


@dataclass(frozen=True)
class View:
    """Results of one kind, in one mode: what `Suspect` has under the same names."""

    mode: str
    what: str
    inputs: list[np.ndarray]
    torch: Mapping[str, np.ndarray]
    keras: Mapping[str, np.ndarray]


@dataclass
class Suspect:
    """A torch module beside a Keras layer that differs from it, both in float64 and fed alike.

    Attributes:
        module: the reference.
        layers: the Keras layers.
        mode: "inference" or "training".
        what: which of their results differs: "outputs", "running statistics" or "gradients".
        call: where the arguments come from that are no tensors.
        inputs, cotangents: as torch has them.
        torch, keras: the results of both, in torch's layout.
        buffers: running statistics before the call.
        join: makes one gradient of those that Keras has in one variable.
        also: other results that differ; what explains one must explain all.
    """

    module: Any
    layers: list[keras.layers.Layer]
    mode: str
    what: str
    call: Call
    keras_call: Call
    inputs: list[np.ndarray]
    cotangents: list[np.ndarray] | None
    torch: Mapping[str, np.ndarray]
    keras: Mapping[str, np.ndarray]
    buffers: Mapping[str, np.ndarray]
    join: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    also: list["View"] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def training(self) -> bool:
        return self.mode == "training"

    def reference(self, inputs: list[Any], weights: Weights) -> list[Any]:
        """The torch module as it is, with these weights."""
        import torch

        args, kwargs = put_together(self.call.template, [x.clone() for x in inputs])
        result = torch.func.functional_call(self.module, weights, args, kwargs)
        return self.compared(result)

    def compared(self, result: Any) -> list[Any]:
        """Of a module's result those tensors that are compared."""
        import torch

        given = take_apart(result, torch.is_tensor)[1]
        return compared_outputs(self.module, given, self.keras_call.outputs) or []

    def results(self, forward: Forward) -> dict[str, np.ndarray]:
        """What a forward function gives, in the form of `torch` and `keras`."""
        import torch

        backward = self.what == "gradients"
        self.module.train(self.training)
        inputs = [torch.tensor(x, dtype=torch.float64) if x.dtype.kind == "f" else torch.tensor(x) for x in self.inputs]
        real = [x.requires_grad_(backward) for x in inputs if x.is_floating_point()]
        parameters = {
            name: p.detach().double().clone().requires_grad_(backward) for name, p in self.module.named_parameters()
        }
        weights = {**parameters, **{name: torch.tensor(x) for name, x in self.buffers.items()}}
        with torch.set_grad_enabled(backward):
            outputs = forward(inputs, weights)
        if self.what == "running statistics":
            return {name: weights[name].numpy() for name in self.keras}
        if not backward:
            return {n: y.numpy() for n, y in zip(names("output", len(outputs)), outputs, strict=True)}
        wanted = {**dict(zip(names("input", len(real)), real, strict=True)), **parameters}
        cotangents = [torch.tensor(g, dtype=torch.float64) for g in self.cotangents]
        found = torch.autograd.grad(outputs, list(wanted.values()), cotangents, allow_unused=True)
        return self.join(
            {
                name: (torch.zeros_like(x) if g is None else g).numpy()
                for (name, x), g in zip(wanted.items(), found, strict=True)
            }
        )

    def error(self, results: Mapping[str, np.ndarray]) -> float:
        """How far results are from Keras's: the worst tensor, relative to its norm."""
        scales = {k: max(np.linalg.norm(self.torch[k]), np.linalg.norm(y)) for k, y in self.keras.items()}
        floor = 1e-9 * max(scales.values(), default=0.0) + np.finfo(np.float64).tiny
        worst = 0.0
        for key, ours in self.keras.items():
            if key not in results or results[key].shape != ours.shape:
                return np.inf
            distance = np.linalg.norm(results[key] - ours) / max(scales[key], floor)
            worst = max(worst, float(distance) if np.isfinite(distance) else np.inf)
        return worst

    def explained_by(self, imitations: Iterable[Imitation]) -> Imitation | None:
        """Tries one after the other; the first that makes the error vanish."""
        before = self.error(self.torch)
        for imitation in imitations:
            try:
                after = self.error(self.results(imitation.forward))
            except (RuntimeError, ValueError, IndexError, KeyError):
                continue  # an imitation that does not fit these shapes explains nothing
            explains = after <= VANISHED and after <= OF_ERROR * before and self._explains_all(imitation)
            self.evidence.append(Evidence(imitation.name, before, after, explains))
            if explains:
                return imitation
        return None

    def explained_together(self, hypotheses: Callable[["Suspect"], Iterable[Imitation]]) -> Imitation | None:
        """Several known differences at once: one for each of the results that differ, if there is one for each.

        Keras's default BatchNormalization is such a case: its epsilon changes the outputs, its momentum and its
        variance the running statistics.
        """
        found: dict[str, Imitation] = {}
        for view in (self, *self.also):
            alone = replace(
                self,
                mode=view.mode,
                what=view.what,
                inputs=view.inputs,
                torch=view.torch,
                keras=view.keras,
                also=[],
            )
            # What explains one result often explains the next.
            imitation = alone.explained_by(chain(list(found.values()), hypotheses(alone)))
            if imitation is None:
                return None
            found[imitation.name] = imitation
        if len(found) < 2:
            return None
        every = found.values()
        return Imitation(
            " and ".join(found),
            " Also: ".join(imitation.cause for imitation in every),
            " ".join(imitation.mend for imitation in every),
            self.reference,
        )

    def _explains_all(self, imitation: Imitation) -> bool:
        """Whether it also explains the other results that differ."""
        return all(self._seen(view, imitation) for view in self.also)

    def _seen(self, view: View, imitation: Imitation) -> bool:
        before = self.mode, self.what, self.inputs, self.torch, self.keras
        self.mode, self.what, self.inputs, self.torch, self.keras = (
            view.mode,
            view.what,
            view.inputs,
            view.torch,
            view.keras,
        )
        try:
            return self.error(self.results(imitation.forward)) <= VANISHED
        finally:
            self.mode, self.what, self.inputs, self.torch, self.keras = before


def on_weights(suspect: Suspect, change: Callable[[Weights], Weights]) -> Forward:
    """The reference with changed weights."""
    return lambda inputs, weights: suspect.reference(inputs, _kept(weights, change(dict(weights))))


def on_inputs(suspect: Suspect, change: Callable[[Any], Any]) -> Forward:
    """The reference with its first input changed."""
    return lambda inputs, weights: suspect.reference([change(inputs[0]), *inputs[1:]], weights)


def on_outputs(suspect: Suspect, change: Callable[[Any], Any]) -> Forward:
    """The reference with all outputs changed."""
    return lambda inputs, weights: [change(y) for y in suspect.reference(inputs, weights)]


def with_attributes(suspect: Suspect, **attributes: Any) -> Forward:
    """The reference with other constants."""

    def forward(inputs: list[Any], weights: Weights) -> list[Any]:
        before = {name: getattr(suspect.module, name) for name in attributes}
        try:
            for name, value in attributes.items():
                setattr(suspect.module, name, value)
            return suspect.reference(inputs, weights)
        finally:
            for name, value in before.items():
                setattr(suspect.module, name, value)

    return forward


def _kept(weights: Weights, changed: Weights) -> Weights:
    """Changed weights in the same dictionary, whose buffers are read afterwards."""
    weights.update(changed)
    return weights


def first_of(*groups: Callable[[Suspect], Iterable[Imitation]]) -> Callable[[Suspect], Iterator[Imitation]]:
    """The imitations of several groups, one group after the other."""

    def chained(suspect: Suspect) -> Iterator[Imitation]:
        for group in groups:
            yield from group(suspect)

    return chained
