"""LSTM and GRU: gates, biases, directions, layers, the form of the GRU, what the gradient sees."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

from tfvc.parity.diagnosis.subjects.layer import Imitation, Suspect, Weights

GATES = {"LSTM": "ifgo", "GRU": "rzn"}


def recurrent(suspect: Suspect) -> Iterator[Imitation]:
    """Hypotheses for an LSTM or a GRU; none for others."""
    if type(suspect.module).__name__ not in GATES:
        return
    yield from _directions(suspect)
    yield from _biases(suspect)
    yield from _gates(suspect)
    yield from _equations(suspect)
    yield from _gates_of_some(suspect)


def run(
    suspect: Suspect, inputs: list[Any], weights: Weights, cell: Callable | None = None, flip: str = "both"
) -> list[Any]:
    """The stack of layers in plain steps.

    Args:
        suspect: whose module.
        inputs: the sequence; initial states are zero.
        weights: by torch's names.
        cell: (projected input of one step, (h, c), recurrent kernel, recurrent bias) -> (h, c); None is torch's own.
        flip: of the backward direction "both" (its input, and its output back), "input" or "none".
    """
    import torch

    module = suspect.module
    x = inputs[0] if module.batch_first else inputs[0].transpose(0, 1)
    cell = cell or CELLS[type(module).__name__]
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
    return suspect.compared((y, torch.stack(last)))


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


def _on_weights(suspect: Suspect, change: Callable[[Weights], Weights]) -> Any:
    return lambda inputs, weights: run(suspect, inputs, {**weights, **change(weights)})


def _directions(suspect: Suspect) -> Iterator[Imitation]:
    if not suspect.module.bidirectional:
        return

    def exchanged(weights: Weights) -> Weights:
        other = lambda name: name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse"  # noqa: E731
        return {name: weights[other(name)] for name in weights}

    yield Imitation(
        "directions exchanged",
        "The two directions have each other's weights.",
        "Keys that end in _reverse belong to Bidirectional's backward_layer.",
        _on_weights(suspect, exchanged),
    )
    yield Imitation(
        "backward output not reversed",
        "The backward direction's output is not reversed back in time.",
        "Reverse the backward layer's output before it is joined to the forward one's.",
        lambda inputs, weights: run(suspect, inputs, weights, flip="input"),
    )
    yield Imitation(
        "backward direction runs forward",
        "The backward direction runs forward in time.",
        "Reverse its input, or pass go_backwards=True.",
        lambda inputs, weights: run(suspect, inputs, weights, flip="none"),
    )
    half = suspect.module.hidden_size
    yield Imitation(
        "halves exchanged",
        "The output has the backward direction first.",
        "Concatenate the forward direction first.",
        lambda inputs, weights: [y.roll(half, -1) for y in run(suspect, inputs, weights)],
    )


def _biases(suspect: Suspect) -> Iterator[Imitation]:
    if not suspect.module.bias:
        return
    for name in ("bias_hh", "bias_ih"):
        yield Imitation(
            "one bias left out",
            f"The layer does not add {name}.",
            "Torch adds two biases: sum them where Keras has one.",
            _on_weights(suspect, lambda w, name=name: {k: x * 0 for k, x in w.items() if k.startswith(name)}),
        )
    yield Imitation(
        "biases twice",
        "The layer adds its biases twice.",
        "Add each of torch's two biases once.",
        _on_weights(suspect, lambda w: {k: x * 2 for k, x in w.items() if k.startswith("bias")}),
    )

    def forget(w: Weights) -> Weights:
        import torch

        h = suspect.module.hidden_size
        one = torch.cat([w["bias_ih_l0"].new_zeros(h), w["bias_ih_l0"].new_ones(h), w["bias_ih_l0"].new_zeros(2 * h)])
        return {k: x + one for k, x in w.items() if k.startswith("bias_ih")}

    if type(suspect.module).__name__ == "LSTM":
        yield Imitation(
            "unit forget bias",
            "The forget gate's bias is larger by 1.",
            "Load torch's bias over Keras's unit_forget_bias, do not add to it.",
            _on_weights(suspect, forget),
        )


def _gates(suspect: Suspect) -> Iterator[Imitation]:
    for order in _orders(suspect):
        yield _reordered(suspect, order, ["weight_", "bias_"])


def _gates_of_some(suspect: Suspect) -> Iterator[Imitation]:
    """Two gates exchanged in one kind of weight alone, or in a single weight."""
    weights = [name for name, _ in suspect.module.named_parameters()]
    kinds = ["weight_", "bias_", "weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    exchanges = [order for order in _orders(suspect) if sum(a != b for a, b in enumerate(order)) == 2]
    for which in (*kinds, *weights):
        if any(name.startswith(which) for name in weights):
            for order in exchanges:
                yield _reordered(suspect, order, [which])


def _orders(suspect: Suspect) -> list[tuple[int, ...]]:
    """Every order of the gates but torch's own, the exchanges of two first."""
    every = permutations(range(len(GATES[type(suspect.module).__name__])))
    return sorted(every, key=lambda order: sum(a != b for a, b in enumerate(order)))[1:]


def _reordered(suspect: Suspect, order: tuple[int, ...], beginnings: list[str]) -> Imitation:
    """The gates in another order, in the weights whose names begin so."""
    import torch

    def change(w: Weights) -> Weights:
        chosen = {k: x for k, x in w.items() if k.startswith(tuple(beginnings))}
        return {k: torch.cat([x.chunk(len(order), 0)[i] for i in order]) for k, x in chosen.items()}

    kind = type(suspect.module).__name__
    names = GATES[kind]
    where = "" if len(beginnings) > 1 else f" in {beginnings[0].rstrip('_')} alone"
    return Imitation(
        "gates",
        f"The gates are read in the order {', '.join(names[i] for i in order)}{where}; "
        f"torch's order is {', '.join(names)}.",
        "An LSTM's gates have the same order on both sides (i, f, g, o)."
        if kind == "LSTM"
        else "Torch's order is r, z, n, Keras's z, r, h: exchange the first two blocks.",
        _on_weights(suspect, change),
    )


def _equations(suspect: Suspect) -> Iterator[Imitation]:
    import torch

    kind = type(suspect.module).__name__
    cell = CELLS[kind]

    def with_cell(other: Callable) -> Any:
        return lambda inputs, weights: run(suspect, inputs, weights, other)

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
        yield Imitation(
            "reset before",
            "The reset gate is applied before the recurrent kernel (reset_after=False), in torch behind it.",
            "Pass reset_after=True.",
            with_cell(reset_before),
        )
        yield Imitation(
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
        yield Imitation(
            "hard sigmoid",
            f"{cause}.",
            'Pass recurrent_activation="sigmoid".',
            with_cell(lambda *a, gate=gate: cell(*a, gate=gate)),
        )
    others = {"a ReLU": torch.relu, "a sigmoid": torch.sigmoid, "nothing": lambda x: x}
    for name, act in others.items():
        yield Imitation(
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
        yield Imitation(
            "truncated gradient",
            f"No gradient passes from one step to the one before through {words}.",
            "Take away the stop_gradient on the state, or carry dh and dc through the backward loop.",
            with_cell(cut(which)),
        )
