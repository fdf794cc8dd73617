"""The torch half of a comparison: the same methods as the Keras half."""

from typing import Any

import numpy as np

from tfvc.parity.case import ParityCase


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
        self.optimizer = None

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Takes new weights and forgets the optimizer."""
        import torch

        self.module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
        self.optimizer = None

    def state(self) -> dict[str, np.ndarray]:
        return {key: _array(value) for key, value in self.module.state_dict().items()}

    def forward(self, inputs: dict[str, np.ndarray], training: bool) -> dict[str, np.ndarray]:
        import torch

        self.module.train(training)
        with torch.no_grad():
            outputs = self.case.torch_forward(self.module, self._tensors(inputs))
        return {name: _array(value) for name, value in outputs.items()}

    def backward(self, inputs: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Losses and gradients in training mode; gradients of inputs are named `input.<name>`."""
        self.module.train()
        self.module.zero_grad()
        tensors = self._tensors(inputs)
        real = {name: x.requires_grad_() for name, x in tensors.items() if x.is_floating_point()}
        losses = self._losses(tensors)
        losses["loss"].backward()
        gradients = self._gradients() | {f"input.{name}": _gradient(x) for name, x in real.items()}
        return {name: _array(value) for name, value in losses.items()}, gradients

    def step(self) -> dict[str, np.ndarray]:
        """Applies the gradients of the last `backward`; the gradients as clipped, empty without clipping."""
        import torch

        settings = self.case.optimizer
        limit = settings.clip_grad_norm
        if self.optimizer is None:
            self.optimizer = settings.torch_factory(self.module.parameters(), settings.learning_rate)
        if limit is not None:
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), limit)
        self.optimizer.step()
        return {} if limit is None else self._gradients()

    def slots(self) -> dict[str, dict[str, np.ndarray]]:
        state = self.optimizer.state
        named = list(self.module.named_parameters())
        return {
            "momentum": {key: _array(state[parameter]["exp_avg"]) for key, parameter in named},
            "velocity": {key: _array(state[parameter]["exp_avg_sq"]) for key, parameter in named},
        }

    def _losses(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if self.case.torch_losses is not None:
            return dict(self.case.torch_losses(self.module, inputs))
        import torch

        terms = [
            torch.mean(output * (torch.from_numpy(self.probes[name]).to(output.dtype) + output / 2))
            for name, output in self.case.torch_forward(self.module, inputs).items()
        ]
        return {"loss": sum(terms)}

    def _gradients(self) -> dict[str, np.ndarray]:
        return {key: _gradient(parameter) for key, parameter in self.module.named_parameters()}

    def _tensors(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        import torch

        tensors = {name: torch.tensor(x) for name, x in inputs.items()}
        return {name: x.to(self.dtype) if x.is_floating_point() else x for name, x in tensors.items()}


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _gradient(tensor: Any) -> np.ndarray:
    """A parameter the loss does not reach has no gradient in torch and a zero one in TensorFlow."""
    return np.zeros(tuple(tensor.shape)) if tensor.grad is None else _array(tensor.grad)
