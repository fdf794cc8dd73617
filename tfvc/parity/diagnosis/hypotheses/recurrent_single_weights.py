"""LSTM and GRU: two gates exchanged, but not in all weights."""

from collections.abc import Iterator

from tfvc.parity.diagnosis.hypotheses.recurrent import GATES, orders, reordered
from tfvc.parity.diagnosis.hypothesis import Hypothesis, register
from tfvc.parity.diagnosis.subjects.layer import LayerSubject


@register(LayerSubject, *GATES)
def gates_of_some(subject: LayerSubject) -> Iterator[Hypothesis]:
    """Two gates exchanged in one kind of weight alone, or in a single weight."""
    weights = [name for name, _ in subject.module.named_parameters()]
    kinds = ["weight_", "bias_", "weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    exchanges = [order for order in orders(subject) if sum(a != b for a, b in enumerate(order)) == 2]
    for which in (*kinds, *weights):
        if any(name.startswith(which) for name in weights):
            for order in exchanges:
                yield reordered(subject, order, [which])
