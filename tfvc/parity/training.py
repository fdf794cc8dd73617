"""The training contract: forward, loss, gradients, clipped gradients, optimizer slots, weights, running statistics.

Two free runs drift apart, because rounding grows; a bug is there at once. So there are two passes.
- *Free-running*: both models take their own steps, and every stage of every step is judged. If the first step fails,
  that is a bug, and the pass ends with the stage that failed, since all after it would only repeat it.
- *Re-synchronised*: before each step Keras takes over torch's weights and slots, so that a stage shows what this
  step alone has done. This pass is run if the first fails later than at its first step. If it passes, what failed
  before was drift, and is called so; if it fails, it is a bug.

If a bug is in what an optimizer does, the steps up to it are taken once more, to see what it started from.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.catching import Catching
from tfvc.parity.findings.drift import Drift
from tfvc.parity.findings.raised import Raised
from tfvc.parity.findings.row import Row, Verdict
from tfvc.parity.findings.stage import BEHIND_GRADIENTS, SQUARES, Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.contract import Contract, StepSize
from tfvc.parity.sides.before_step import BeforeStep, before_step
from tfvc.parity.sides.computed import Computed
from tfvc.parity.sides.four_models import FourModels, is_statistic
from tfvc.parity.sides.lazy_arrays import LazyArrays

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """What training steps have shown.

    Attributes:
        rows: what was judged.
        drift: one for each step.
        failed: the first row that failed, of a step from the same weights and slots on both sides; the models are left
            as they were then.
        before: what its optimizer's step started from, if it was there that it failed.
        raised: what was raised; the pass ends there.
    """

    rows: list[Row]
    drift: list[Drift]
    failed: Row | None = None
    before: BeforeStep | None = None
    raised: list[Raised] = field(default_factory=list)


def train(models: FourModels, steps: int, computed: Computed | None = None) -> Trained:
    """Follows `steps` optimizer steps.

    Args:
        models: that take the steps; they start from their initial weights, or go on where `computed` was computed.
        steps: how many.
        computed: losses and gradients of the first step, if the models have just computed them.
    """
    free, again = _Pass(models, computed or Computed()), _Pass(models, resynchronised=True)
    free.run(steps)
    failed = next((row for row in free.rows if row.failed), None)
    rows = free.rows
    if failed and failed.stage.step > 1:
        again.run(steps)
        last = max(i for i, row in enumerate(rows) if row.stage == failed.stage)
        failed = next((row for row in again.rows if row.failed), None)
        if failed or again.raised:
            rows = rows[: last + 1]
        else:
            rows = [replace(row, verdict=Verdict.DRIFT) if row.failed else row for row in rows]
    drift = [drift_of(step, of_step, again.weights.get(step)) for step, of_step in free.weights.items()]
    raised = [*free.raised, *again.raised]
    before, more = _before(models, failed) if failed and not raised else (None, [])
    return Trained(rows, drift, failed, before, [*raised, *more])


def _before(models: FourModels, failed: Row) -> tuple[BeforeStep | None, list[Raised]]:
    """What the step that failed started from, taken once more (None: no optimizer is to blame), and what was raised."""
    if failed.stage.kind not in BEHIND_GRADIENTS:
        return None, []
    turns = models.case.all_turns
    named = (turn for turn in turns if failed.stage.turn and turn.label == failed.stage.turn)
    # Weights are of all turns together.
    owner = (turn for turn in turns if turn.owns(failed.key))
    once_more = _Pass(models, resynchronised=True, watched=next(named, None) or next(owner, turns[0]))
    once_more.run(failed.stage.step)
    return once_more.before, once_more.raised


def drift_of(step: int, free: list[Row], again: list[Row] | None) -> Drift:
    """The figures of one step; those of the second pass are None if it was not run."""
    key, error, ratio = _worst(free)
    _, error_again, ratio_again = _worst(again) if again is not None else ("", None, None)
    drifted = any(row.failed for row in free) and again is not None
    return Drift(step, error, ratio, key, error_again, ratio_again, drifted)


def _worst(rows: list[Row]) -> tuple[str, float, float]:
    measured = [row for row in rows if row.error64 is not None]
    if not measured:
        return "", 0.0, 0.0
    row = max(measured, key=lambda row: row.error64)
    return row.key, row.error64, max(row.ratio for row in measured)


@dataclass
class _Pass:
    """One of the two passes.

    Attributes:
        models: that take the steps.
        computed: losses and gradients of the first step, as far as they are there.
        resynchronised: whether Keras takes over torch's state before each step.
        rows: what was judged.
        weights: the rows of weights, by step.
        watched: the turn of which `before` holds what its last step started from.
        raised: what was raised.
        stage: what is being computed.
    """

    models: FourModels
    computed: Computed = field(default_factory=Computed)
    resynchronised: bool = False
    rows: list[Row] = field(default_factory=list)
    weights: dict[int, list[Row]] = field(default_factory=dict)
    watched: Turn | None = None
    before: BeforeStep | None = None
    raised: list[Raised] = field(default_factory=list)
    stage: Stage = field(default_factory=lambda: Stage(Phase.TRAIN, StageKind.OUTPUTS, step=1))

    def __post_init__(self):
        case = self.models.case
        self.contract = Contract(
            [StepSize(x.label, x.optimizer.learning_rate, x.optimizer.epsilon, x.owns) for x in case.all_turns],
            case.decisions,
            self.models.rounded,
        )

    def run(self, steps: int) -> None:
        """Takes the steps; ends where something is raised, or with the first stage that fails if nothing can be learned
        from going on."""
        caught = Catching()
        with caught:
            self._steps(steps)
        self.raised += [replace(one, stage=self.stage) for one in caught.raised]

    def _steps(self, steps: int) -> None:
        if not self.computed:
            self.models.restart()
            self.models.load()
        for step in range(1, steps + 1):
            inputs = self.models.inputs if step == 1 else self.models.draw()
            if self.resynchronised and step > 1:
                self.models.take_over()
            for _judged in self._stages(step, inputs, last=step == steps):
                failed = any(row.failed for row in self.rows)
                if failed and (step == 1 or self.resynchronised):
                    return

    def _stages(self, step: int, inputs: Arrays, last: bool) -> Iterator[list[Row]]:
        """Judges one stage after the other; the caller stops where one has failed."""
        models = self.models
        judged = partial(self._judge, step=step)
        if not self.computed:
            if step == 1:
                self._at(StageKind.OUTPUTS, step)
                outputs = models.each(lambda side: side.infer(inputs))
                yield judged(StageKind.OUTPUTS, outputs)
            self._at(StageKind.LOSSES, step)
            models.begin_step(inputs)
        if models.case.simultaneous:
            for turn in models.case.all_turns:
                yield from self._gradient_stages(turn, step, inputs)
            for turn in models.case.all_turns:
                yield from self._step_stages(turn, step)
        else:
            for turn in models.case.all_turns:
                yield from self._gradient_stages(turn, step, inputs)
                yield from self._step_stages(turn, step)

        self._at(StageKind.WEIGHTS, step)
        for side in models.sides.torch:
            side.forget_gradients()
        states = models.sides.map(lambda side: side.state())
        weights = states.map(lambda state: state.only(lambda key: not is_statistic(key)))
        self.weights[step] = judged(StageKind.WEIGHTS, weights)
        yield self.weights[step]
        yield judged(StageKind.RUNNING_STATISTICS, states.map(lambda state: state.only(is_statistic)))
        if last:
            self._at(StageKind.TRAINED_OUTPUTS, step)
            yield judged(StageKind.TRAINED_OUTPUTS, models.each(lambda side: side.infer(inputs)))

    def _gradient_stages(self, turn: Turn, step: int, inputs: Arrays) -> Iterator[list[Row]]:
        self._at(StageKind.GRADIENTS, step, turn)
        losses, gradients = self.computed.take() if self.computed else self.models.losses_and_gradients(inputs, turn)
        judged = partial(self._judge, step=step, turn=turn)
        yield judged(StageKind.LOSSES, losses)
        rows = judged(StageKind.GRADIENTS, gradients)
        del losses, gradients
        yield rows

    def _step_stages(self, turn: Turn, step: int) -> Iterator[list[Row]]:
        judged = partial(self._judge, step=step, turn=turn)
        self._at(StageKind.WEIGHTS, step, turn)
        if self.watched and turn.name == self.watched.name:
            self.before = before_step(self.models, turn, step)
        clipped = self.models.each(lambda side: side.step(turn), float32_first=True)
        yield judged(StageKind.CLIPPED_GRADIENTS, clipped)
        del clipped
        slots = self.models.slots(turn)
        for kind in slots.torch64:
            if all(kind in of_side for of_side in slots):
                given = set(slots.torch64[kind])
                of_kind = slots.map(lambda side, k=kind, given=given: _judged_slot(side[k].only(given.__contains__), k))
                yield judged(kind, of_kind)

    def _at(self, kind: StageKind, step: int, turn: Turn | None = None) -> None:
        """Says what is computed next."""
        self.stage = Stage(Phase.TRAIN, kind, turn.label if turn else "", step)

    def _judge(self, kind: StageKind, sides: FourOf[Arrays], step: int, turn: Turn | None = None) -> list[Row]:
        rows = self.contract.judge(Stage(Phase.TRAIN, kind, turn.label if turn else "", step), sides)
        self.rows += rows
        return rows


def _judged_slot(slots: LazyArrays, kind: StageKind) -> LazyArrays:
    return slots.map(np.sqrt) if kind in SQUARES else slots
