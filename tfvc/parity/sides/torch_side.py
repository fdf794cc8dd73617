"""The torch half of a comparison: the same methods as the Keras half."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np

from tfvc.parity.case import ParityCase, Turn
from tfvc.parity.catching import made_by
from tfvc.parity.sides.accepted import CLIPPING
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.exercised import Exercised
from tfvc.parity.sides.lazy_arrays import LazyArrays
from tfvc.parity.sides.lengths import torch_without_padding
from tfvc.parity.sides.slots import TORCH_SLOTS, torch_slot
from tfvc.parity.sides.torch_dropout import without_dropout
from tfvc.parity.sides.torch_trace import traced
from tfvc.weights import Entry

Arrays = Mapping[str, np.ndarray]


class TorchSide:
    """A torch module of one precision: its outputs, gradients, slots and weights as arrays.

    Several torch tensors that are one in Keras (the entries in `joint`) are given as one, and those that Keras has no
    variable for (`ignored`) not at all.

    Args:
        case: what is compared.
        dtype: "float32" or "float64".
    """

    def __init__(self, case: ParityCase, dtype: str):
        import torch

        self.case = case
        self.dtype = getattr(torch, dtype)
        made = made_by(f"parity case {case.name}: its torch_module", case.torch_module)
        self.module = _with_constants_of_float32(made).to(self.dtype)
        self.drops: list[Drop] = []
        self.exercised = Exercised()
        self._without_dropout = without_dropout(self.module, self.drops)
        self.joint: Sequence[Entry] = ()
        self.ignored: Sequence[str] = ()
        self.probes: dict[str, np.ndarray] = {}
        self._gradients: dict[str, dict[str, Any]] = {}
        self.optimizers: dict[str, Any] = {}

    def load(self, state: Arrays) -> None:
        """Takes new weights under torch's own keys and forgets the optimizers."""
        import torch

        self.module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
        self.optimizers = {}

    def shapes(self) -> dict[str, np.ndarray]:
        """The state dict under torch's own keys; of floats only the shapes count, and no memory is taken for them."""
        arrays = {key: _array(value) for key, value in self.module.state_dict().items()}
        return {
            key: np.broadcast_to(x.dtype.type(0), x.shape) if np.issubdtype(x.dtype, np.floating) else x.copy()
            for key, x in arrays.items()
        }

    def state(self) -> LazyArrays:
        """Weights and statistics under the entries' names."""
        state = self.module.state_dict()
        return self.joined({key: value for key, value in state.items() if key not in self.ignored})

    def name_of(self, module: Any) -> str | None:
        """The path of a module; None if it is not of this side, or the whole."""
        return next((path for path, other in self.module.named_modules() if other is module and path), None)

    def forward(
        self,
        inputs: Arrays,
        training: bool,
        modules: Mapping[str, Any] | None = None,
        calls: list[Call] | None = None,
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """Outputs, and the calls of these modules; they are added to `calls`, which has them if something is raised."""
        import torch

        self.module.train(training)
        self.drops.clear()
        seen = self.exercised.watching(self.module) if self.dtype is torch.float64 else nullcontext()
        with torch.no_grad(), self._without_dropout(), seen, traced(modules or {}, calls) as made:
            outputs = self._outputs(self.tensors(inputs))
        return {name: _array(value) for name, value in outputs.items()}, made

    def outputs(self, inputs: Arrays, training: bool) -> dict[str, Any]:
        """The outputs' tensors, and nothing else of the run."""
        import torch

        self.module.train(training)
        with torch.no_grad(), self._without_dropout():
            return self._outputs(self.tensors(inputs))

    def inverse(
        self, inputs: Arrays, outputs: Arrays, modules: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """What the case's inverse makes of outputs, and the calls of these modules."""
        return self._calling(self.case.torch_inverse, inputs, [outputs], modules)

    def stepwise(
        self, inputs: Arrays, modules: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        """Outputs made step by step, and the calls of these modules."""
        return self._calling(self.case.torch_stepwise, inputs, [], modules)

    def _calling(
        self, function: Any, inputs: Arrays, given: Sequence[Arrays], modules: Mapping[str, Any] | None
    ) -> tuple[dict[str, np.ndarray], list[Call]]:
        import torch

        self.module.eval()
        with torch.no_grad(), traced(modules or {}) as calls:
            of_inputs = self.tensors(inputs)
            found = function(self.module, *map(self.tensors, given), of_inputs)
            lengths = {name: sources for name, sources in self.case.lengths.items() if name in found}
            found = torch_without_padding(found, of_inputs, lengths)
        return {name: _array(value) for name, value in found.items()}, calls

    def infer(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs in inference mode."""
        return self.forward(inputs, training=False)[0]

    def begin_step(self, inputs: Arrays) -> None:
        """Computes what the case keeps through a step."""
        import torch

        self.module.train()
        with torch.no_grad():
            self._kept = dict(self.case.torch_kept(self.module, self.tensors(inputs)))

    def backward(self, inputs: Arrays, turn: Turn) -> tuple[Arrays, Arrays]:
        """A turn's losses and gradients in training mode; gradients of inputs are named `input.<name>`."""
        return self.traced_backward(inputs, turn, {})[:2]

    def traced_backward(
        self, inputs: Arrays, turn: Turn, modules: Mapping[str, Any]
    ) -> tuple[Arrays, Arrays, list[Call]]:
        """The same, and the calls of these modules with the gradients of what they gave."""
        self.module.train()
        self.module.zero_grad()
        tensors = self.tensors(inputs)
        real = {name: x.requires_grad_() for name, x in tensors.items() if x.is_floating_point()}
        with self._without_dropout(), traced(modules) as calls:
            losses = self._losses({**tensors, **self._kept}, turn)
        losses[turn.name].backward()
        # Other turns' parameters may lie on the way to this loss; what they got is dropped.
        self._gradients[turn.name] = {key: p.grad for key, p in self._parameters(turn).items()}
        of_inputs = {f"input.{name}": partial(_gradient, x, x.grad) for name, x in real.items()}
        gradients = self.gradients(turn).and_also(of_inputs)
        return {name: _array(value) for name, value in losses.items()}, gradients, calls

    def step(self, turn: Turn) -> Arrays:
        """Applies the gradients of the turn's last `backward`; the gradients as clipped, empty without clipping."""
        import torch

        settings = turn.optimizer
        parameters = self._parameters(turn)
        for key, parameter in parameters.items():
            parameter.grad = self._gradients[turn.name][key]
        if turn.name not in self.optimizers:
            self.optimizers[turn.name] = settings.torch_factory(parameters.values(), settings.learning_rate)
        if settings.clip_grad_norm is not None:
            if CLIPPING in self.case.accepted:
                given = [p.grad for p in parameters.values() if p.grad is not None]
                total = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in given]))
                for gradient in given:
                    gradient *= settings.clip_grad_norm / total.clamp(min=settings.clip_grad_norm)
            else:
                torch.nn.utils.clip_grad_norm_(parameters.values(), settings.clip_grad_norm)
        elif settings.clip_each is not None:
            for parameter in (p for p in parameters.values() if p.grad is not None):
                parameter.grad = (
                    parameter.grad * settings.clip_each / parameter.grad.norm().clamp(min=settings.clip_each)
                )
        elif settings.clip_value is not None:
            torch.nn.utils.clip_grad_value_(parameters.values(), settings.clip_value)
        self._gradients[turn.name] = {key: p.grad for key, p in parameters.items()}
        self.optimizers[turn.name].step()
        if not settings.clips:
            # Those of another turn may be waiting for their step.
            del self._gradients[turn.name]
            self.module.zero_grad()
            return {}
        return self.gradients(turn)

    def forget_gradients(self) -> None:
        """Frees what a step has used up."""
        self._gradients = {}
        self.module.zero_grad()

    def slots(self, turn: Turn) -> dict[str, LazyArrays]:
        """The optimizer's slots under common names, as far as it has them; none before its first step."""
        state = self.optimizers[turn.name].state if turn.name in self.optimizers else {}
        found: dict[str, dict[str, Any]] = {}
        for key, parameter in self._parameters(turn).items():
            kept = state.get(parameter, {})
            for name in TORCH_SLOTS:
                if kept.get(name) is not None:
                    found.setdefault(torch_slot(name, kept), {})[key] = kept[name]
        return {name: self.joined(tensors, gradient=True) for name, tensors in found.items()}

    def joined(self, tensors: Mapping[str, Any], gradient: bool = False) -> LazyArrays:
        """Tensors by torch's keys under the entries' names."""
        makers = {key: partial(_array, tensor) for key, tensor in tensors.items()}
        for entry in self.joint:
            parts = [makers.pop(key, None) for key in entry.keys]
            if entry.keys_as.suffices([part is not None for part in parts], gradient):
                makers[entry.name] = lambda e=entry, parts=parts: e.join([part and part() for part in parts], gradient)
        return LazyArrays(makers)

    def _losses(self, inputs: dict[str, Any], turn: Turn) -> dict[str, Any]:
        if turn.torch_losses is not None:
            return dict(turn.torch_losses(self.module, inputs))
        import torch

        terms = [
            torch.mean(output * (torch.from_numpy(self.probes[name]).to(output.dtype) + output / 2))
            for name, output in self._outputs(inputs).items()
            if name in self.probes
        ]
        return {"loss": sum(terms)}

    def _outputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return torch_without_padding(self.case.torch_forward(self.module, inputs), inputs, self.case.lengths)

    def _parameters(self, turn: Turn) -> dict[str, Any]:
        return {key: parameter for key, parameter in self.module.named_parameters() if turn.owns(key)}

    def gradients(self, turn: Turn) -> LazyArrays:
        """Those of the turn's last `backward`, as far as they are clipped; zero where the loss does not reach."""
        import torch

        given = self._gradients[turn.name]
        gradients = {
            key: torch.zeros_like(p) if given[key] is None else given[key] for key, p in self._parameters(turn).items()
        }
        return self.joined(gradients, gradient=True)

    def tensors(self, inputs: Arrays) -> dict[str, Any]:
        return {name: self.tensor(x) for name, x in inputs.items()}

    def tensor(self, x: np.ndarray) -> Any:
        """An array as a tensor of this side's precision."""
        import torch

        tensor = torch.tensor(x)
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor


def _with_constants_of_float32(module: Any) -> Any:
    """A module whose default constants are those of the float32 model, in float64 too.

    An `nn.RMSNorm` without an epsilon takes the smallest step of its input's dtype.
    """
    import torch

    for part in module.modules():
        if isinstance(part, torch.nn.RMSNorm) and part.eps is None:
            part.eps = torch.finfo(torch.float32).eps
    return module


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _gradient(tensor: Any, gradient: Any) -> np.ndarray:
    """A tensor the loss does not reach has no gradient in torch and a zero one in TensorFlow."""
    return np.zeros(tuple(tensor.shape), _array(tensor).dtype) if gradient is None else _array(gradient)
