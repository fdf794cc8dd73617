"""LSTM and GRU: directions, biases, the order of the gates."""

from collections.abc import Callable, Iterator
from itertools import permutations

from tfvc.parity.diagnosis.hypotheses.recurrent_cells import kind_of, run
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import Forward, LayerSubject, Weights

GATES = {"LSTM": "ifgo", "GRU": "rzn"}


@register(LayerSubject, *GATES)
def directions(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Two directions that are exchanged, or of which one is not reversed."""
    if not subject.module.bidirectional:
        return

    def exchanged(weights: Weights) -> Weights:
        other = lambda name: name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse"  # noqa: E731
        return {name: weights[other(name)] for name in weights}

    yield Hypothesis(
        "directions exchanged",
        "The two directions have each other's weights.",
        "Keys that end in _reverse belong to Bidirectional's backward_layer.",
        _on_weights(exchanged),
    )
    yield Hypothesis(
        "backward output not reversed",
        "The backward direction's output is not reversed back in time.",
        "Reverse the backward layer's output before it is joined to the forward one's.",
        lambda subject, inputs, weights: run(subject, inputs, weights, flip="input"),
    )
    yield Hypothesis(
        "backward direction runs forward",
        "The backward direction runs forward in time.",
        "Reverse its input, or pass go_backwards=True.",
        lambda subject, inputs, weights: run(subject, inputs, weights, flip="none"),
    )
    half = subject.module.hidden_size
    yield Hypothesis(
        "halves exchanged",
        "The output has the backward direction first.",
        "Concatenate the forward direction first.",
        lambda subject, inputs, weights: [y.roll(half, -1) for y in run(subject, inputs, weights)],
    )


@register(LayerSubject, *GATES)
def biases(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Biases that are left out, or added to."""
    if not subject.module.bias:
        return
    for name in ("bias_hh", "bias_ih"):
        yield Hypothesis(
            "one bias left out",
            f"The layer does not add {name}.",
            "Torch adds two biases: sum them where Keras has one.",
            _on_weights(lambda w, name=name: {k: x * 0 for k, x in w.items() if k.startswith(name)}),
        )
    yield Hypothesis(
        "biases twice",
        "The layer adds its biases twice.",
        "Add each of torch's two biases once.",
        _on_weights(lambda w: {k: x * 2 for k, x in w.items() if k.startswith("bias")}),
    )

    def forget(w: Weights) -> Weights:
        import torch

        h = subject.module.hidden_size
        one = torch.cat([w["bias_ih_l0"].new_zeros(h), w["bias_ih_l0"].new_ones(h), w["bias_ih_l0"].new_zeros(2 * h)])
        return {k: x + one for k, x in w.items() if k.startswith("bias_ih")}

    if kind_of(subject) == "LSTM":
        yield Hypothesis(
            "unit forget bias",
            "The forget gate's bias is larger by 1.",
            "Load torch's bias over Keras's unit_forget_bias, do not add to it.",
            _on_weights(forget),
        )


@register(LayerSubject, *GATES)
def gates(subject: LayerSubject) -> Iterator[Hypothesis]:
    """All gates in another order."""
    for order in orders(subject):
        yield reordered(subject, order, ["weight_", "bias_"])


def orders(subject: LayerSubject) -> list[tuple[int, ...]]:
    """Every order of the gates but torch's own, the exchanges of two first."""
    every = permutations(range(len(GATES[kind_of(subject)])))
    return sorted(every, key=lambda order: sum(a != b for a, b in enumerate(order)))[1:]


def reordered(subject: LayerSubject, order: tuple[int, ...], beginnings: list[str]) -> Hypothesis:
    """The gates in another order, in the weights whose names begin so."""
    import torch

    def change(w: Weights) -> Weights:
        chosen = {k: x for k, x in w.items() if k.startswith(tuple(beginnings))}
        return {k: torch.cat([x.chunk(len(order), 0)[i] for i in order]) for k, x in chosen.items()}

    kind = kind_of(subject)
    names = GATES[kind]
    where = "" if len(beginnings) > 1 else f" in {beginnings[0].rstrip('_')} alone"
    return Hypothesis(
        "gates",
        f"The gates are read in the order {', '.join(names[i] for i in order)}{where}; "
        f"torch's order is {', '.join(names)}.",
        "An LSTM's gates have the same order on both sides (i, f, g, o)."
        if kind == "LSTM"
        else "Torch's order is r, z, n, Keras's z, r, h: exchange the first two blocks.",
        _on_weights(change),
    )


def _on_weights(change: Callable[[Weights], Weights]) -> Forward:
    return lambda subject, inputs, weights: run(subject, inputs, {**weights, **change(weights)})
