"""Layers that could not be compared, and where a fault may therefore lie unseen."""

from collections.abc import Sequence
from dataclasses import dataclass

from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.layer import Layer
from tfvc.parity.findings.words import not_compared_words
from tfvc.parity.tracing.layer_views import LayerViews
from tfvc.parity.tracing.passage import Passage


@dataclass(frozen=True)
class Suspect:
    """A layer that a fault may lie in, and how near to it.

    Attributes:
        layer: the finding.
        kind: `IN_OR_BEHIND` where what it was fed is right, else `IN_OR_AROUND`.
    """

    layer: Layer
    kind: Fault

    @property
    def words(self) -> str:
        """Why it was not compared, as a sentence."""
        why = "; ".join(not_compared_words(one) for one in self.layer.not_compared if one.hides)
        return f"{self.layer.name} could not be compared by itself: {why}."


def forward_suspect(views: LayerViews, before: Sequence[Passage], passage: Passage | None) -> Suspect | None:
    """Of the layers behind the last that is known to be right, the first that could not be compared.

    Args:
        views: the layers.
        before: the calls before the place where something is wrong, all of them right as far as is known.
        passage: the call that is fed something wrong; None at the end of the model.
    """
    found: list[Passage] = []
    right = None
    for one in reversed(before):
        if not _may_be_wrong(views, one):
            right = one
            break
        found.append(one)
    unseen = views.unseen_between(right, passage)
    if found:
        first = found[-1]
        return Suspect(views.layer(first), Fault.IN_OR_BEHIND if first.inputs else Fault.IN_OR_AROUND)
    return Suspect(unseen[0], Fault.IN_OR_AROUND) if unseen else None


def backward_suspect(views: LayerViews, after: Sequence[Passage]) -> Suspect | None:
    """Of the layers that a wrong gradient has come through, the first on its way that could not be compared.

    Args:
        views: the layers.
        after: the calls behind the one that the wrong gradient comes back to, in the order of computation.
    """
    found = []
    for one in after:
        if not views.layer(one).hidden:
            break
        found.append(one)
    return Suspect(views.layer(found[-1]), Fault.IN_OR_BEHIND) if found else None


def owner_of(views: LayerViews, key: str) -> Suspect | None:
    """The layer that holds a weight, if it could not be compared."""
    pair = next((pair for pair in views.pairing.pairs if pair.leaf and key in pair.keys), None)
    if pair is None:
        return None
    layer = next((x for (path, _), x in views.layers.items() if path == pair.path and x.hidden), None)
    return Suspect(layer, Fault.IN_OR_BEHIND) if layer else None


def _may_be_wrong(views: LayerViews, passage: Passage) -> bool:
    """Whether a layer could not be compared, and what it gave is not seen to be right."""
    layer = views.layer(passage)
    rows = [row for row in layer.propagated_forward if row.key in passage.outputs]
    return layer.hidden and not (rows and not any(row.failed for row in rows))
