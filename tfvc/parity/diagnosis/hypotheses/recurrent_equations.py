"""LSTM and GRU: other equations than torch's, and gradients that are cut."""

from collections.abc import Callable, Iterator
from typing import Any

from tfvc.parity.diagnosis.hypotheses.recurrent_cells import CELLS, kind_of, run
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject


@register(LayerSubject, *CELLS)
def equations(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Another cell than torch's."""
    import torch

    kind = kind_of(subject)
    cell = CELLS[kind]

    def with_cell(other: Callable) -> Forward:
        return lambda subject, inputs, weights: run(subject, inputs, weights, other)

    def reset_before(z: Any, state: tuple[Any, Any], kernel: Any, bias: Any) -> Any:
        h, _ = state
        r, u, n = (z + bias).chunk(3, -1)
        of_r, of_u, of_n = kernel.chunk(3, 0)
        r, u = torch.sigmoid(r + h @ of_r.T), torch.sigmoid(u + h @ of_u.T)
        h = (1 - u) * torch.tanh(n + (r * h) @ of_n.T) + u * h
        return h, h

    def other_mixture(z: Any, state: tuple[Any, Any], kernel: Any, bias: Any) -> Any:
        h, _ = state
        r, u, n = z.chunk(3, -1)
        hr, hu, hn = (h @ kernel.T + bias).chunk(3, -1)
        r, u = torch.sigmoid(r + hr), torch.sigmoid(u + hu)
        h = u * torch.tanh(n + r * hn) + (1 - u) * h
        return h, h

    if kind == "GRU":
        yield Hypothesis(
            "reset before",
            "The reset gate is applied before the recurrent kernel (reset_after=False), in torch behind it.",
            "Pass reset_after=True.",
            with_cell(reset_before),
        )
        yield Hypothesis(
            "update gate",
            "The update gate weighs the new state where torch's weighs the old one.",
            "h = (1 - z) n + z h.",
            with_cell(other_mixture),
        )
    hard = {
        "The gates' sigmoid is a hard one": lambda x: torch.clamp(x / 6 + 0.5, 0, 1),
        "The gates' sigmoid is the hard one of Keras 2": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
    }
    for cause, gate in hard.items():
        yield Hypothesis(
            "hard sigmoid",
            f"{cause}.",
            'Pass recurrent_activation="sigmoid".',
            with_cell(lambda *a, gate=gate: cell(*a, gate=gate)),
        )
    others = {"a ReLU": torch.relu, "a sigmoid": torch.sigmoid, "nothing": lambda x: x}
    for name, act in others.items():
        yield Hypothesis(
            "activation of the cell",
            f"The cell has {name} where torch has a tanh.",
            'Pass activation="tanh".',
            with_cell(lambda *a, act=act: cell(*a, act=act)),
        )

    def cut(which: str) -> Callable:
        def stopped(z: Any, state: tuple[Any, Any], kernel: Any, bias: Any) -> Any:
            h, c = state
            return cell(z, (h.detach() if "h" in which else h, c.detach() if "c" in which else c), kernel, bias)

        return stopped

    for which, words in (("h", "the hidden state"), ("c", "the cell state"), ("hc", "both states")):
        yield Hypothesis(
            "truncated gradient",
            f"No gradient passes from one step to the one before through {words}.",
            "Take away the stop_gradient on the state, or carry dh and dc through the backward loop.",
            with_cell(cut(which)),
        )
