"""A layer that is wrong by itself.

A hypothesis about a layer makes the torch reference wrong: other constants, weights in another order, an input that is
shifted. It runs on the layer alone, in float64, on the reference's own input.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tfvc.parity.diagnosis.subjects.subject import Subject, class_names
from tfvc.parity.findings.stage import Mode, StageKind
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.structure import take_apart
from tfvc.parity.tracing.isolated import names
from tfvc.parity.tracing.outputs import compared_outputs
from tfvc.parity.tracing.padding import NO_PADDING, Padding, around_first

Weights = dict[str, Any]
# (subject, inputs, weights) -> outputs; it may change the buffers among the weights in place.
Forward = Callable[["LayerSubject", list[Any], Weights], list[Any]]


@dataclass
class LayerSubject(Subject):
    """A torch module beside a Keras layer that differs from it, both fed alike.

    A hypothesis's `wrong(subject, inputs, weights)` gives outputs, from float64 tensors and from parameters and buffers
    by torch's names, whose buffers it may change in place.

    Attributes:
        module: the reference.
        layers: the Keras layers; several are a chain.
        mode: of the pass.
        what: which of their results differs: `OUTPUTS`, `RUNNING_STATISTICS` or `GRADIENTS`.
        call: torch's, where the arguments come from that are no tensors.
        keras_call: Keras's, whose outputs say which of torch's are compared.
        inputs, cotangents: as torch has them.
        torch, keras: the results of both, in torch's layout.
        buffers: running statistics before the call.
        join: makes one gradient of those that Keras has in one variable.
        parts: the torch names of what Keras has in one variable.
        padding: what torch's model puts around the first input, outside of the module.
        path: of the module in its model.
        model: torch's whole.
    """

    module: Any
    layers: list[keras.layers.Layer]
    mode: Mode
    what: StageKind
    call: Call
    keras_call: Call
    inputs: list[np.ndarray]
    cotangents: list[np.ndarray] | None
    torch: Mapping[str, np.ndarray]
    keras: Mapping[str, np.ndarray]
    buffers: Mapping[str, np.ndarray]
    join: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    padding: Padding = NO_PADDING
    path: str = ""
    model: Any = None
    rounding: float = 0.0
    others: Sequence["LayerSubject"] = ()

    @property
    def kinds(self) -> frozenset[str]:
        return class_names(self.module)

    @property
    def training(self) -> bool:
        return self.mode is Mode.TRAINING

    def reference(self, inputs: list[Any], weights: Weights) -> list[Any]:
        """The torch module as it is, with these weights."""
        import torch

        args, kwargs = self.call.arguments(around_first([x.clone() for x in inputs], self.padding.around_torch))
        result = torch.func.functional_call(self.module, weights, args, kwargs)
        return self.compared(result)

    def compared(self, result: Any) -> list[Any]:
        """Of a module's result those tensors that are compared."""
        import torch

        given = take_apart(result, torch.is_tensor)[1]
        return compared_outputs(self.module, given, self.keras_call.outputs)

    def results(self, wrong: Forward) -> dict[str, np.ndarray]:
        """What a wrong reference gives, in the form of `torch` and `keras`."""
        import torch

        backward = self.what is StageKind.GRADIENTS
        self.module.train(self.training)
        inputs = [torch.tensor(x, dtype=torch.float64) if x.dtype.kind == "f" else torch.tensor(x) for x in self.inputs]
        real = [x.requires_grad_(backward) for x in inputs if x.is_floating_point()]
        parameters = {
            name: p.detach().double().clone().requires_grad_(backward) for name, p in self.module.named_parameters()
        }
        weights = {**parameters, **{name: torch.tensor(x) for name, x in self.buffers.items()}}
        with torch.set_grad_enabled(backward):
            outputs = wrong(self, inputs, weights)
        if self.what is StageKind.RUNNING_STATISTICS:
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

    def error(self, wrong: Forward | None = None) -> float:
        """Of the worst tensor, relative to its norm."""
        results = self.torch if wrong is None else self.results(wrong)
        scales = {k: max(np.linalg.norm(self.torch[k]), np.linalg.norm(y)) for k, y in self.keras.items()}
        floor = 1e-9 * max(scales.values(), default=0.0) + np.finfo(np.float64).tiny
        worst = 0.0
        for key, ours in self.keras.items():
            if key not in results or results[key].shape != ours.shape:
                return np.inf
            distance = np.linalg.norm(results[key] - ours) / max(scales[key], floor)
            worst = max(worst, float(distance) if np.isfinite(distance) else np.inf)
        return worst


class CoarseLayerSubject(LayerSubject):
    """The same of a layer that is right but for a precision that it loses: Keras's results are those in float32."""


def unchanged(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
    """The reference as it is."""
    return subject.reference(inputs, weights)


def on_weights(change: Callable[[Weights], Weights]) -> Forward:
    """The reference with changed weights."""

    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        weights.update(change(dict(weights)))  # in the same dictionary, whose buffers are read afterwards
        return subject.reference(inputs, weights)

    return forward


def on_inputs(change: Callable[[Any], Any]) -> Forward:
    """The reference with its first input changed."""
    return lambda subject, inputs, weights: subject.reference([change(inputs[0]), *inputs[1:]], weights)


def on_outputs(change: Callable[[Any], Any]) -> Forward:
    """The reference with all outputs changed."""
    return lambda subject, inputs, weights: [change(y) for y in subject.reference(inputs, weights)]


def with_attributes(**attributes: Any) -> Forward:
    """The reference with other constants."""

    def forward(subject: LayerSubject, inputs: list[Any], weights: Weights) -> list[Any]:
        before = {name: getattr(subject.module, name) for name in attributes}
        try:
            for name, value in attributes.items():
                setattr(subject.module, name, value)
            return subject.reference(inputs, weights)
        finally:
            for name, value in before.items():
                setattr(subject.module, name, value)

    return forward
