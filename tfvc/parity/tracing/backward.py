"""A backward pass of the four models, and of their layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.catching import Catching
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf, unzip_four
from tfvc.parity.judging.samples import Samples, judge_all
from tfvc.parity.sides.computed import Computed
from tfvc.parity.sides.four_models import FourModels
from tfvc.parity.tracing.layer_views import Group, LayerViews
from tfvc.parity.tracing.passage import Passage

# How many inputs a loss of precision in a gradient must show on.
DRAWS = 3
_NOTHING = Samples(FourOf({}, {}, {}, {}))


@dataclass(frozen=True)
class BackwardPass:
    """Losses and gradients of one turn.

    Attributes:
        turn: whose losses.
        rows: of the whole models.
        losses, gradients: what they gave.
        passages: the calls of layers, as far as they were recorded.
        computed: losses and gradients as the models have just computed them, if a training step may go on from there.
        raised: what was raised, in place of all of this.
    """

    turn: Turn
    rows: list[Row]
    losses: Samples
    gradients: Samples
    passages: Sequence[Passage]
    computed: Computed = field(default_factory=Computed)
    raised: Sequence[Raised] = ()

    @property
    def failed(self) -> bool:
        return any(row.failed for row in self.rows)


def run_backward(models: FourModels, turn: Turn) -> BackwardPass:
    """A pass of the whole models alone."""
    with Catching(_stage(turn, StageKind.GRADIENTS)) as caught:
        _begin(models)
        losses, gradients = models.losses_and_gradients(models.inputs, turn)
        rows, again = _judge(models, turn, losses, gradients)
        computed = Computed() if again else Computed(losses, gradients)
        return BackwardPass(turn, rows, Samples(losses), Samples(gradients), [], computed)
    return BackwardPass(turn, [], _NOTHING, _NOTHING, [], raised=caught.raised)


def run_backward_with_layers(models: FourModels, turn: Turn, views: LayerViews, together: bool = False) -> BackwardPass:
    """A pass of the whole models and of all their layers.

    Args:
        models: the four.
        turn: whose losses.
        views: the layers. Those that are right are recorded group by group, the models running once for each.
        together: whether all are recorded together, as is needed to explain what is wrong.
    """
    groups = views.windows.groups(backward=True)
    if together or len(groups) == 1 or views.wrong:
        return _with_group(models, turn, views, None)
    first, *_ = [_without_tensors(_with_group(models, turn, views, group)) for group in groups]
    if not first.raised and (first.failed or views.wrong):
        for layer in views.layers.values():
            layer.forget_backward(_stage(turn, StageKind.GRADIENTS))
        return _with_group(models, turn, views, None)
    return first


def sent_back_by_terms(models: FourModels, turn: Turn, passage: Passage) -> dict[str, np.ndarray]:
    """What each term of torch's loss alone sends back to the output of one call of a module."""
    side, (path, number) = models.torch64, passage.call
    _begin(models)
    modules = {path: side.module.get_submodule(path)}
    losses, _, _ = side.traced_backward(models.inputs, turn, {})
    found = {}
    for term in losses:
        if term != turn.name:
            _, _, calls = side.traced_backward(models.inputs, replace(turn, name=term), modules)
            given = next(call.cotangents for call in calls if call.number == number)
            if given[0] is not None:
                found[term] = given[0].numpy()
    return found


def _with_group(models: FourModels, turn: Turn, views: LayerViews, group: Group) -> BackwardPass:
    """A pass in which the layers of a group of pairs (None: of all) are recorded and judged."""
    with Catching(_stage(turn, StageKind.GRADIENTS)) as caught:
        return _recorded(models, turn, views, group)
    return BackwardPass(turn, [], _NOTHING, _NOTHING, [], raised=caught.raised)


def _recorded(models: FourModels, turn: Turn, views: LayerViews, group: Group) -> BackwardPass:
    _begin(models)
    traced = views.traced(group)
    found = models.each(lambda side: side.traced_backward(models.inputs, turn, traced(side)))
    losses, gradients, calls = unzip_four(found)
    del found
    passages = views.passages(calls)
    rows, _ = _judge(models, turn, losses, gradients)
    stage = _stage(turn, StageKind.GRADIENTS)
    imprecise = any(row.only_imprecise for row in rows if row.stage == stage)
    views.propagate_backward(passages, stage)
    for passage in passages:
        if passage.pair.leaf:
            views.locally(passage, stage, imprecise)
    return BackwardPass(turn, rows, Samples(losses), Samples(gradients), passages)


def _without_tensors(one: BackwardPass) -> BackwardPass:
    return replace(one, losses=_NOTHING, gradients=_NOTHING, passages=[])


def _begin(models: FourModels) -> None:
    models.load()
    models.begin_step(models.inputs)


def _stage(turn: Turn, kind: StageKind) -> Stage:
    return Stage(Phase.BACKWARD, kind, turn.label)


def _judge(
    models: FourModels, turn: Turn, losses: FourOf[Mapping], gradients: FourOf[Mapping]
) -> tuple[list[Row], bool]:
    """Rows of losses and gradients, and whether more inputs were drawn: a gradient that is only imprecise must be so
    for several."""
    of_losses = judge_all(Samples(losses), _stage(turn, StageKind.LOSSES), precision=True, rounded=models.rounded)
    stage = _stage(turn, StageKind.GRADIENTS)
    rows = judge_all(Samples(gradients), stage, precision=True, rounded=models.rounded)
    again = False
    for _ in range(DRAWS - 1):
        if not any(row.only_imprecise for row in rows):
            break
        again = True
        models.load()
        inputs = models.draw()
        models.begin_step(inputs)
        _, others = models.losses_and_gradients(inputs, turn)
        redrawn = judge_all(Samples(others), stage, precision=True, rounded=models.rounded)
        rows = [b if a.only_imprecise else a for a, b in zip(rows, redrawn, strict=True)]
    return [*of_losses, *rows], again
