"""A forward pass of the four models, and of their layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.parity.catching import Catching, SidesRaised
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import LAYER_OUTPUTS, MODEL_OUTPUTS, Mode, Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf, unzip_four
from tfvc.parity.judging.samples import Samples, judge_all
from tfvc.parity.sides.call import Call
from tfvc.parity.sides.drop import Drop
from tfvc.parity.sides.four_models import FourModels, is_statistic
from tfvc.parity.tracing.layer_views import Group, LayerViews
from tfvc.parity.tracing.passage import Passage

Outputs = FourOf[Mapping[str, np.ndarray]]
NOTHING: Outputs = FourOf({}, {}, {}, {})


@dataclass(frozen=True)
class ForwardPass:
    """A forward pass of the four models in one mode.

    Attributes:
        mode: of the models.
        passages: the calls of layers; kept only where something is to be explained.
        failed: the rows of the whole model that failed.
        outputs: of the whole model.
    """

    mode: Mode
    passages: Sequence[Passage]
    failed: Sequence[Row]
    outputs: Samples

    def find(self, passage: Passage) -> Passage | None:
        """The same call as one of another pass."""
        return next((other for other in self.passages if other.call == passage.call), None)


@dataclass
class Forward:
    """What both modes have shown.

    Attributes:
        rows: of the whole models: outputs, and the running statistics that training mode leaves.
        passes: one for each mode, if layers were looked at.
        raised: what was raised.
        dropped: what torch's model and Keras's would have dropped in training mode.
        cut_short: whether it ended where something was wrong, for want of all layers to explain it.
    """

    rows: list[Row] = field(default_factory=list)
    passes: list[ForwardPass] = field(default_factory=list)
    raised: list[Raised] = field(default_factory=list)
    dropped: tuple[Sequence[Drop], Sequence[Drop]] = ((), ())
    cut_short: bool = False


def run_forward(models: FourModels, views: LayerViews | None, together: bool = False) -> Forward:
    """Both modes, from the initial weights.

    Args:
        models: the four.
        views: their layers, if these are looked at too. Layers that are right are recorded group by group, the models
            running once for each.
        together: whether all layers are recorded together, as is needed to explain what is wrong.
    """
    found = Forward()
    groups: list[Group] = [None] if views is None or together else views.windows.groups(backward=False)
    for mode in Mode:
        with Catching(Stage(Phase.FORWARD, MODEL_OUTPUTS[mode])) as caught:
            _in_mode(models, views, mode, groups, found)
        found.raised += caught.raised
        found.cut_short |= views is None and bool(caught.raised)
        if found.cut_short:
            break
    return found


def _in_mode(models: FourModels, views: LayerViews | None, mode: Mode, groups: Sequence[Group], found: Forward) -> None:
    """One mode; what it has shown is added to `found` as soon as it is known."""
    failed: list[Row] = []
    if mode is Mode.INFERENCE or found.raised:
        models.load()
    for index, group in enumerate(groups):
        if index:
            models.load()
        outputs, passages, raised = _run(models, views, mode, group)
        if not index and outputs is not None:
            rows = _judge(models, outputs, mode)
            failed = [row for row in rows if row.failed]
            found.rows += rows
            found.dropped = models.dropped
        if views is not None:
            judge_layers(views, passages, Stage(Phase.FORWARD, LAYER_OUTPUTS[mode]), failed)
        wrong = bool(failed) or raised is not None or (views is not None and views.wrong)
        if wrong and (views is None or len(groups) > 1):
            found.cut_short = True
        elif views is not None and (wrong or not index):
            samples = Samples(outputs or NOTHING)
            found.passes.append(ForwardPass(mode, passages if wrong else [], failed, samples))
        del passages
        if raised is not None:
            raise raised
        if found.cut_short:
            return


def _run(
    models: FourModels, views: LayerViews | None, mode: Mode, group: Group
) -> tuple[Outputs | None, list[Passage], SidesRaised | None]:
    """Outputs and calls; if something is raised, it and the calls that all sides have made before."""
    training = mode is Mode.TRAINING
    traced = views.traced(group) if views is not None else lambda side: {}
    made: dict[int, list[Call]] = {id(side): [] for side in models.sides}
    outputs = None
    with Catching() as caught:
        outputs, _ = unzip_four(
            models.each(lambda side: side.forward(models.inputs, training, traced(side), made[id(side)]))
        )
    calls = models.sides.map(lambda side: made[id(side)])
    raised = SidesRaised(caught.raised) if caught.raised else None
    return outputs, views.passages(calls, raised is None) if views is not None else [], raised


def _judge(models: FourModels, outputs: Outputs, mode: Mode) -> list[Row]:
    """What one free pass gave and, in training, what it has moved."""
    for name in [name for pair in models.case.decisions.items() for name in pair if name not in outputs.torch64]:
        raise TfvcError(f"decisions: there is no output {name}; there are {', '.join(outputs.torch64)}")
    stage = Stage(Phase.FORWARD, MODEL_OUTPUTS[mode])
    settings = {"precision": True, "rounded": models.rounded}
    rows = judge_all(Samples(outputs), stage, decisions=models.case.decisions, **settings)
    if mode is Mode.TRAINING:
        statistics = models.sides.map(lambda side: side.state().only(is_statistic))
        rows += judge_all(Samples(statistics), Stage(Phase.FORWARD, StageKind.RUNNING_STATISTICS), **settings)
    return rows


def judge_layers(views: LayerViews, passages: Sequence[Passage], stage: Stage, failed: Sequence[Row]) -> None:
    """The layers of one pass, in both views.

    Args:
        views: the layers.
        passages: their calls.
        stage: of what they give.
        failed: the rows of the whole models that failed in this pass.
    """
    imprecise = any(row.only_imprecise for row in failed)
    views.propagate_forward(passages, stage)
    for passage in passages:
        trains = stage.mode is Mode.TRAINING
        if passage.pair.leaf and (failed or trains or _knows_mode(passage.calls.torch64.owner)):
            views.locally(passage, stage, imprecise)


def _knows_mode(module: Any) -> bool:
    """Whether a module does something else in inference than in training."""
    kinds = {type(part).__name__ for part in module.modules()}
    return any("Norm" in kind or "Dropout" in kind for kind in kinds)
