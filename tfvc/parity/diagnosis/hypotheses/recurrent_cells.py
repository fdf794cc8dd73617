"""LSTM and GRU in plain steps, so that each step can be made wrong."""

from collections.abc import Callable
from typing import Any

from tfvc.parity.diagnosis.subjects.layer import LayerSubject, Weights


def run(
    subject: LayerSubject, inputs: list[Any], weights: Weights, cell: Callable | None = None, flip: str = "both"
) -> list[Any]:
    """The stack of layers in plain steps.

    Args:
        subject: whose module.
        inputs: the sequence; initial states are zero.
        weights: by torch's names.
        cell: (projected input of one step, (h, c), recurrent kernel, recurrent bias) -> (h, c); None is torch's own.
        flip: of the backward direction "both" (its input, and its output back), "input" or "none".
    """
    import torch

    module = subject.module
    x = inputs[0] if module.batch_first else inputs[0].transpose(0, 1)
    cell = cell or CELLS[kind_of(subject)]
    last = []
    for layer in range(module.num_layers):
        outputs = []
        for suffix in ("", "_reverse")[: 1 + module.bidirectional]:
            names = [f"{name}_l{layer}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            kernel, recurrent_kernel, bias, recurrent_bias = (weights.get(name) for name in names)
            if bias is None:
                bias = recurrent_bias = kernel.new_zeros(kernel.shape[0])
            sequence = x.flip(1) if suffix and flip != "none" else x
            projected = sequence @ kernel.T + bias
            h = c = x.new_zeros(x.shape[0], module.hidden_size)
            states = []
            for t in range(x.shape[1]):
                h, c = cell(projected[:, t], (h, c), recurrent_kernel, recurrent_bias)
                states.append(h)
            y = torch.stack(states, 1)
            last.append(h)
            outputs.append(y.flip(1) if suffix and flip == "both" else y)
        x = torch.cat(outputs, -1)
    y = x if module.batch_first else x.transpose(0, 1)
    return subject.compared((y, torch.stack(last)))


def lstm_cell(z: Any, state: tuple[Any, Any], kernel: Any, bias: Any, gate: Callable | None = None, act=None) -> Any:
    """One step of torch's LSTM; `gate` and `act` are its sigmoid and its tanh."""
    import torch

    gate, act = gate or torch.sigmoid, act or torch.tanh
    h, c = state
    i, f, g, o = (z + h @ kernel.T + bias).chunk(4, -1)
    c = gate(f) * c + gate(i) * act(g)
    return gate(o) * act(c), c


def gru_cell(z: Any, state: tuple[Any, Any], kernel: Any, bias: Any, gate: Callable | None = None, act=None) -> Any:
    """One step of torch's GRU: the reset gate is applied behind the recurrent kernel."""
    import torch

    gate, act = gate or torch.sigmoid, act or torch.tanh
    h, _ = state
    r, u, n = z.chunk(3, -1)
    hr, hu, hn = (h @ kernel.T + bias).chunk(3, -1)
    r, u = gate(r + hr), gate(u + hu)
    h = (1 - u) * act(n + r * hn) + u * h
    return h, h


CELLS = {"LSTM": lstm_cell, "GRU": gru_cell}


def kind_of(subject: LayerSubject) -> str:
    """LSTM or GRU, or what derives from one of them."""
    return next(name for name in CELLS if name in subject.kinds)
