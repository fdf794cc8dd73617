"""A model beside itself: a flow's inverse gives the inputs again, a cache the same as the whole at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.catching import Catching
from tfvc.parity.findings.failure import Failure, FailureKind
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import LAYER_OUTPUTS, Mode, Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf, unzip_four
from tfvc.parity.judging.judgement import FORWARD_BOUND, judge
from tfvc.parity.judging.samples import Samples, judge_all
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.sides.lengths import array_without_padding
from tfvc.parity.tracing.forward import ForwardPass, judge_layers
from tfvc.parity.tracing.layer_views import LayerViews

Arrays = Mapping[str, np.ndarray]
# Of a side and what is traced of it: what it gives, and its calls.
Run = Callable[[Any, Any], tuple[Arrays, list[Any]]]


@dataclass
class Consistency:
    """What such a phase has shown.

    Attributes:
        rows: of the whole models.
        passes: of their layers, if these were looked at.
        raised: what was raised.
    """

    rows: list[Row] = field(default_factory=list)
    passes: list[ForwardPass] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(row.failed for row in self.rows)


def run_round_trip(models: FourModels, views: LayerViews | None) -> Consistency:
    """The inverse of each side's own outputs: alike on both sides, and the inputs again.

    Args:
        models: the four, which take their initial weights.
        views: their layers, if these are looked at too.

    Raises:
        TfvcError: if the inverse gives something that is no input.
    """
    found, stage = Consistency(), Stage(Phase.ROUND_TRIP, StageKind.INVERSE)
    with Catching(stage) as caught:
        models.load()
        outputs = models.each(lambda side: side.infer(models.inputs))
        given = dict(zip(map(id, models.sides), outputs, strict=True))
        returned = _run(
            models, views, stage, lambda side, traced: side.inverse(models.inputs, given[id(side)], traced), found
        )
        _known(models, "inverse", returned, models.inputs, "input")
        expected = array_without_padding(models.inputs, models.inputs, models.case.lengths)
        found.rows += _beside(models, expected, returned, Stage(Phase.ROUND_TRIP, StageKind.ROUND_TRIP))
    found.raised += caught.raised
    return found


def run_stepwise(models: FourModels, views: LayerViews | None) -> Consistency:
    """Outputs made step by step: alike on both sides, and what the whole gives at once.

    Raises:
        TfvcError: if they have a name that no output has.
    """
    found, stage = Consistency(), Stage(Phase.STEPWISE, StageKind.STEPWISE_OUTPUTS)
    with Catching(stage) as caught:
        models.load()
        whole = models.torch64.infer(models.inputs)
        stepwise = _run(models, views, stage, lambda side, traced: side.stepwise(models.inputs, traced), found)
        _known(models, "stepwise", stepwise, whole, "output")
        found.rows += _beside(models, whole, stepwise, Stage(Phase.STEPWISE, StageKind.WHOLE))
    found.raised += caught.raised
    return found


def _run(models: FourModels, views: LayerViews | None, stage: Stage, run: Run, found: Consistency) -> FourOf[Arrays]:
    """What the four give; their rows, and those of their layers, are added to `found`."""
    traced = views.traced(None) if views is not None else lambda side: {} if side in models.sides.torch else ()
    outputs, calls = unzip_four(models.each(lambda side: run(side, traced(side))))
    samples = Samples(outputs)
    found.rows += judge_all(samples, stage, precision=True, decisions=models.case.decisions, rounded=models.rounded)
    if views is not None:
        passages, failed = views.passages(calls), [row for row in found.rows if row.failed]
        judge_layers(views, passages, Stage(stage.phase, LAYER_OUTPUTS[Mode.INFERENCE]), failed)
        found.passes.append(ForwardPass(Mode.INFERENCE, passages, failed, samples))
    return outputs


def _known(models: FourModels, function: str, found: FourOf[Arrays], known: Arrays, what: str) -> None:
    for name in found.torch64:
        if name not in known:
            raise TfvcError(
                f"parity case {models.case.name}: its {function} functions give {name}, which is no {what}; "
                f"there are {', '.join(known)}"
            )


def _beside(models: FourModels, expected: Arrays, found: FourOf[Arrays], stage: Stage) -> list[Row]:
    """Rows of what is found beside what must be; where torch itself does not give it, that is the reason."""

    def expecting(torch64: Arrays) -> Samples:
        names = found.torch64
        wanted = {name: np.asarray(expected[name], names[name].dtype) for name in names}
        return Samples(FourOf(wanted, torch64, found.torch32, found.keras32))

    ours, theirs = (
        judge(expecting(side), stage, decisions=models.case.decisions, rounded=models.rounded)
        for side in (found.keras64, found.torch64)
    )
    return [_blaming(row, reference) for row, reference in zip(ours, theirs, strict=True)]


def _blaming(row: Row, reference: Row) -> Row:
    contradicts = reference.error64 is not None and reference.error64 > (reference.bound64 or FORWARD_BOUND)
    if not row.failed or not contradicts:
        return row
    return replace(row, failures=(Failure(FailureKind.REFERENCE, figure=reference.error64),))
