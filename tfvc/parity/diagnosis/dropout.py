"""Dropout, which a comparison switches off: do both models ask for the same?"""

from collections.abc import Callable, Sequence

from tfvc.parity.findings.diagnosis import Diagnosis, Fault
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.findings.words import apart
from tfvc.parity.sides.accepted import DROPOUT
from tfvc.parity.sides.drop import Drop
from tfvc.parity.tracing.layer_views import LayerViews

STAGE = Stage(Phase.FORWARD, StageKind.DROPOUT)
NOTHING, WHOLE = "nothing", "the whole model"


def diagnose_dropout(
    theirs: Sequence[Drop], ours: Sequence[Drop], views: Callable[[], LayerViews | None] = lambda: None
) -> tuple[list[Row], list[Diagnosis]]:
    """Rows and causes for what one model drops in training and the other does not; a row that passes if all is alike.

    Which elements are dropped is chance, and no part of a comparison: how many are, of how many, is. The order counts
    for nothing, since parallel branches may run in any.

    Args:
        theirs, ours: what torch's and Keras's model drop.
        views: gives the layers of both models, where it takes them to say what a layer of Keras's is in torch.
    """
    only_theirs, only_ours = _without(theirs, ours), _without(ours, theirs)
    if not only_theirs and not only_ours:
        return ([Row(STAGE, f"{len(theirs)} dropouts", Verdict.PASS)] if theirs else []), []
    rows, found = [], []
    while only_theirs or only_ours:
        their, our = _first_pair(only_theirs, only_ours)
        # Torch has no place for what Keras alone drops, but one around it.
        path = (their.path if their else _around(our, views())) or WHOLE
        row = Row(STAGE, path, Verdict.FAIL, (Failure(FailureKind.DROPPED, *_words(their, our)),))
        rows.append(row)
        found.append(_diagnosis(row, their, our))
    return rows, found


def _without(some: Sequence[Drop], others: Sequence[Drop]) -> list[Drop]:
    """Those that have no partner of the same rate and size among the others."""
    left = list(others)
    alone = []
    for drop in some:
        partner = next((other for other in left if other.size == drop.size and _alike(other.rate, drop.rate)), None)
        if partner is None:
            alone.append(drop)
        else:
            left.remove(partner)
    return alone


def _alike(one: float, other: float) -> bool:
    """Whether two rates are the same, one of them perhaps kept as a float32."""
    return abs(one - other) <= 1e-6


def _first_pair(theirs: list[Drop], ours: list[Drop]) -> tuple[Drop | None, Drop | None]:
    """Takes away the first of torch's and the one of Keras's that is likely meant for it."""
    their = theirs.pop(0) if theirs else None
    our = next((o for o in ours if their is None or o.size == their.size), None)
    our = our or next((o for o in ours if their is not None and _alike(o.rate, their.rate)), None)
    if our is not None:
        ours.remove(our)
    return their, our


def _around(drop: Drop, views: LayerViews | None) -> str:
    """Torch's module for the smallest layer around one of Keras's."""
    return views.counterpart_of(drop.within) if views is not None else ""


def _words(their: Drop | None, our: Drop | None) -> tuple[str, str]:
    rates = (
        apart(their.rate, our.rate) if their and our else [f"{drop.rate:g}" if drop else "" for drop in (their, our)]
    )
    pairs = zip(rates, (their, our), strict=True)
    words = [f"{rate} of {drop.size:,} elements" if drop else NOTHING for rate, drop in pairs]
    return words[0], words[1]


def _diagnosis(row: Row, their: Drop | None, our: Drop | None) -> Diagnosis:
    failure = row.failures[0]
    cause = f"In training torch drops {failure.torch} here, Keras {failure.keras}."
    fix = f'Give both the same dropout, or accept the difference: accepted=("{DROPOUT}",).'
    kind = Fault.LAYER if their is not None and their.path else Fault.BETWEEN_LAYERS
    return Diagnosis(row.key, kind, our.path if our else "", row, DROPOUT, cause, fix)
