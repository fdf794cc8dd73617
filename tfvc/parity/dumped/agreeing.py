"""Two dumps that can be compared: made from the same numbers, with the same stages."""

from collections.abc import Sequence

from tfvc.common.errors import TfvcError
from tfvc.parity.dumped.header import Given
from tfvc.parity.dumped.reading import Dumped
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import SLOTS, Phase, Stage, StageKind
from tfvc.parity.findings.words import phase_words, stage_words


def check_sides(theirs: Dumped, ours: Dumped) -> None:
    """Raises TfvcError if they are of other cases, the wrong way round, or came of other numbers."""
    first, second = theirs.header, ours.header
    if first.case != second.case:
        raise TfvcError(f"{theirs.where} is of the case {first.case}, {ours.where} of {second.case}")
    if (first.side, second.side) == ("keras", "torch"):
        raise TfvcError(f"{theirs.where} is Keras's side and {ours.where} torch's: give torch's first")
    if first.side is not None and first.side == second.side:
        raise TfvcError(f"{theirs.where} and {ours.where} are both {first.side}'s side")
    # A side that was written by hand has none; what both were given is compared in any case.
    if first.settings and second.settings and first.settings != second.settings:
        raise TfvcError(f"{theirs.where} and {ours.where} were dumped with other settings; dump one beside the other")
    for one in (theirs, ours):
        if not one.header.given:
            raise TfvcError(f"{one.where}: it says of no input or weight what it was computed from; see `given`")
    _check_given(theirs, ours)


def wrong_sizes(theirs: Dumped, ours: Dumped) -> list[Row]:
    """A row for each weight that is of another size on the other side; nothing can be compared then."""
    others = {_place(one): one for one in ours.header.given}
    rows = []
    for one in (one for one in theirs.header.given if one.kind == "weight"):
        other = others[_place(one)]
        if _shapes_differ(one, other):
            failure = Failure(FailureKind.SIZE, one.shape, other.shape)
            rows.append(Row(Stage(Phase.FORWARD, StageKind.SIZES), one.name, Verdict.FAIL, (failure,)))
    return rows


def stages_of(theirs: Dumped, ours: Dumped) -> list[Stage]:
    """The stages of whole models in the order of computation.

    Raises:
        TfvcError: if one side lacks a stage, for which nothing that it has raised accounts.
    """
    found = [_stages(side) for side in (theirs, ours)]
    for side, mine, others in ((theirs, *found), (ours, *reversed(found))):
        lacking = next((stage for stage in others if stage not in mine and stage.kind not in SLOTS), None)
        if lacking is not None and not side.header.raised:
            where = f"{phase_words(lacking)}, {stage_words(lacking)}"
            raise TfvcError(f"{side.where} has no stage {where}, which the other has; leave its phase out with --phase")
    if not all(found) and not (theirs.header.raised or ours.header.raised):
        raise TfvcError(f"{theirs.where if not found[0] else ours.where} has no tensors of the whole model to judge")
    return [stage for stage in found[0] if stage in found[1]]


def _stages(side: Dumped) -> list[Stage]:
    return list(dict.fromkeys(one.where for one in side.header.tensors if one.layer is None))


def _place(one: Given) -> tuple:
    return one.kind, one.name, one.step or 1


def _check_given(theirs: Dumped, ours: Dumped) -> None:
    places = [{_place(one): one for one in side.header.given} for side in (theirs, ours)]
    for side, mine, others in ((theirs, *places), (ours, *reversed(places))):
        lacking: Sequence[Given] = [one for place, one in others.items() if place not in mine]
        if side.header.raised:  # it did not come to its later steps
            lacking = [one for one in lacking if one.step is None]
        if lacking:
            raise TfvcError(f"{side.where} does not say that it was given {lacking[0].what}, as the other was")
    for place, one in places[0].items():
        other = places[1].get(place, one)
        if one.sha256 != other.sha256 and not (one.kind == "weight" and _shapes_differ(one, other)):
            raise TfvcError(f"{theirs.where} and {ours.where} were not given the same: {one.what} differs")


def _shapes_differ(one: Given, other: Given) -> bool:
    return one.shape is not None and other.shape is not None and one.shape != other.shape
