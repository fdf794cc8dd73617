"""The torch half of a comparison: the same methods as the Keras half."""

from typing import Any

import numpy as np

from tfvc.parity.case import ParityCase, Turn


class TorchSide:
    """A torch module of one precision: its outputs, gradients, slots and weights as arrays.

    Args:
        case: what is compared.
        dtype: "float32" or "float64".
    """

    def __init__(self, case: ParityCase, dtype: str):
        import torch

        self.case = case
        self.dtype = getattr(torch, dtype)
        self.module = case.torch_module().to(self.dtype)
        self.probes: dict[str, np.ndarray] = {}
        self._gradients: dict[str, dict[str, Any]] = {}
        self._optimizers: dict[str, Any] = {}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Takes new weights and forgets the optimizers."""
        import torch

        self.module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
        self._optimizers = {}

    def state(self) -> dict[str, np.ndarray]:
        return {key: _array(value) for key, value in self.module.state_dict().items()}

    def forward(self, inputs: dict[str, np.ndarray], training: bool) -> dict[str, np.ndarray]:
        import torch

        self.module.train(training)
        with torch.no_grad():
            outputs = self.case.torch_forward(self.module, self._tensors(inputs))
        return {name: _array(value) for name, value in outputs.items()}

    def begin_step(self, inputs: dict[str, np.ndarray]) -> None:
        """Computes what the case keeps through a step."""
        import torch

        self.module.train()
        with torch.no_grad():
            self._kept = dict(self.case.torch_kept(self.module, self._tensors(inputs)))

    def backward(
        self, inputs: dict[str, np.ndarray], turn: Turn
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """A turn's losses and gradients in training mode; gradients of inputs are named `input.<name>`."""
        self.module.train()
        self.module.zero_grad()
        tensors = self._tensors(inputs)
        real = {name: x.requires_grad_() for name, x in tensors.items() if x.is_floating_point()}
        losses = self._losses({**tensors, **self._kept}, turn)
        losses[turn.name].backward()
        # Other turns' parameters may lie on the way to this loss; what they got is dropped.
        self._gradients[turn.name] = {key: p.grad for key, p in self._parameters(turn).items()}
        gradients = self._named_gradients(turn) | {f"input.{name}": _gradient(x, x.grad) for name, x in real.items()}
        return {name: _array(value) for name, value in losses.items()}, gradients

    def step(self, turn: Turn) -> dict[str, np.ndarray]:
        """Applies the gradients of the turn's last `backward`; the gradients as clipped, empty without clipping."""
        import torch

        settings = turn.optimizer
        parameters = self._parameters(turn)
        for key, parameter in parameters.items():
            parameter.grad = self._gradients[turn.name][key]
        if turn.name not in self._optimizers:
            self._optimizers[turn.name] = settings.torch_factory(parameters.values(), settings.learning_rate)
        if settings.clip_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(parameters.values(), settings.clip_grad_norm)
        elif settings.clip_each is not None:
            for parameter in parameters.values():
                parameter.grad = (
                    parameter.grad * settings.clip_each / parameter.grad.norm().clamp(min=settings.clip_each)
                )
        self._gradients[turn.name] = {key: p.grad for key, p in parameters.items()}
        self._optimizers[turn.name].step()
        clips = settings.clip_grad_norm is not None or settings.clip_each is not None
        return self._named_gradients(turn) if clips else {}

    def slots(self, turn: Turn) -> dict[str, dict[str, np.ndarray]]:
        state = self._optimizers[turn.name].state
        named = self._parameters(turn).items()
        return {
            "momentum": {key: _array(state[parameter]["exp_avg"]) for key, parameter in named},
            "velocity": {key: _array(state[parameter]["exp_avg_sq"]) for key, parameter in named},
        }

    def _losses(self, inputs: dict[str, Any], turn: Turn) -> dict[str, Any]:
        if turn.torch_losses is not None:
            return dict(turn.torch_losses(self.module, inputs))
        import torch

        terms = [
            torch.mean(output * (torch.from_numpy(self.probes[name]).to(output.dtype) + output / 2))
            for name, output in self.case.torch_forward(self.module, inputs).items()
        ]
        return {"loss": sum(terms)}

    def _parameters(self, turn: Turn) -> dict[str, Any]:
        return {key: parameter for key, parameter in self.module.named_parameters() if turn.owns(key)}

    def _named_gradients(self, turn: Turn) -> dict[str, np.ndarray]:
        gradients = self._gradients[turn.name]
        return {key: _gradient(parameter, gradients[key]) for key, parameter in self._parameters(turn).items()}

    def _tensors(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        import torch

        tensors = {name: torch.tensor(x) for name, x in inputs.items()}
        return {name: x.to(self.dtype) if x.is_floating_point() else x for name, x in tensors.items()}


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _gradient(tensor: Any, gradient: Any) -> np.ndarray:
    """A tensor the loss does not reach has no gradient in torch and a zero one in TensorFlow."""
    return np.zeros(tuple(tensor.shape)) if gradient is None else _array(gradient)
