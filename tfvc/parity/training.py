"""The training contract: forward, loss, gradients, clipped gradients, optimizer slots, weights, running statistics.

Two free runs drift apart, because rounding grows; a bug is there at once. So there are two passes.
- *Free-running*: both models take their own steps, and every stage of every step is judged. If the first step fails,
  that is a bug, and the pass ends with the stage that failed, since all after it would only repeat it.
- *Re-synchronised*: before each step Keras takes over torch's weights and slots, so that a stage shows what this
  step alone has done. This pass is run if the first fails later than at its first step, or if it is asked for.
  If it passes, what failed before was drift, and is called so; if it fails, it is a bug.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tfvc.parity.case import Turn
from tfvc.parity.diagnosis import diagnose_step
from tfvc.parity.findings.layer import Drift
from tfvc.parity.findings.row import Row
from tfvc.parity.judging.judgement import FORWARD_BOUND, TRAINED_BOUND, judge
from tfvc.parity.judging.samples import Samples
from tfvc.parity.sides.lazy_arrays import LazyArrays
from tfvc.parity.tracing.layer_views import of_turn

if TYPE_CHECKING:
    from tfvc.parity.runner import Comparison


@dataclass
class _Pass:
    """One of the two passes.

    Attributes:
        comparison: whose models take the steps.
        resynchronised: whether Keras takes over torch's state before each step.
        tolerances: absolute errors that rounding of cancelling gradients has left behind so far, by key.
        rows: what was judged.
        by_step: the rows of weights of each step.
    """

    comparison: "Comparison"
    resynchronised: bool = False
    tolerances: dict[str, float] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    by_step: list[list[Row]] = field(default_factory=list)


def train(comparison: "Comparison", steps: int, resynchronise: bool = False) -> None:
    """Follows `steps` optimizer steps and adds what it finds to the comparison's report.

    Args:
        comparison: whose models take the steps.
        steps: how many.
        resynchronise: whether the re-synchronised pass is run in any case.
    """
    free, again = _Pass(comparison), _Pass(comparison, resynchronised=True)
    _run(free, steps)
    failed = [row for row in free.rows if row.failed]
    at_once = bool(failed) and failed[0].step == 1
    if at_once:
        diagnose_step(comparison, failed[0])
    if resynchronise or (failed and not at_once):
        _run(again, steps)
    if failed and not at_once:
        if any(row.failed for row in again.rows):
            last = max(i for i, row in enumerate(free.rows) if row.place == failed[0].place)
            free.rows = free.rows[: last + 1]
        else:
            free.rows = [replace(row, verdict="drift") if row.failed else row for row in free.rows]
    comparison.report.rows += free.rows
    if not failed:
        comparison.report.rows += [row for row in again.rows if row.failed]
    for step, rows in enumerate(free.by_step, start=1):
        comparison.report.drift.append(_drift(step, rows, again.by_step[step - 1 : step]))


def _drift(step: int, free: list[Row], again: list[list[Row]]) -> Drift:
    """The figures of one step; those of the second pass are None if it was not run."""
    key, error, ratio = _worst(free)
    _, error_again, ratio_again = _worst(again[0]) if again else ("", None, None)
    return Drift(step, error, ratio, key, error_again, ratio_again, any(row.failed for row in free) and bool(again))


def _worst(rows: list[Row]) -> tuple[str, float, float]:
    measured = [row for row in rows if row.error64 is not None]
    if not measured:
        return "", 0.0, 0.0
    row = max(measured, key=lambda row: row.error64)
    return row.key, row.error64, max(row.ratio for row in measured)


def _run(run: _Pass, steps: int) -> None:
    """Takes the steps; ends with the first stage that fails if nothing can be learned from going on."""
    comparison = run.comparison
    if run.resynchronised or comparison.carried is None:
        comparison.carried = None
        comparison.restart()
        comparison.load()
    for step in range(1, steps + 1):
        inputs = comparison.inputs if step == 1 else comparison.draw()
        if run.resynchronised and step > 1:
            _take_over(comparison)
        for _judged in _stages(run, step, inputs, last=step == steps):
            failed = any(row.failed for row in run.rows)
            if failed and (step == 1 or run.resynchronised):
                return


def _take_over(comparison: "Comparison") -> None:
    """Keras's models get the weights and slots of torch's."""
    turns = comparison.case.all_turns
    for theirs, ours in (comparison.sides[:2], comparison.sides[2:]):
        ours.take(theirs.state(), {turn.name: theirs.slots(turn) for turn in turns})


def _stages(run: _Pass, step: int, inputs: Mapping[str, np.ndarray], last: bool) -> Iterator[None]:
    """Judges one stage after the other; the caller stops where one has failed."""
    comparison = run.comparison
    case, sides = comparison.case, comparison.sides
    bound = FORWARD_BOUND if step == 1 else TRAINED_BOUND
    where = {"phase": "train", "step": step}

    if step == 1 and comparison.carried is None:
        outputs = comparison.each(lambda side: _outputs(side, inputs))
        yield _judge(run, outputs, stage="outputs", bound=bound, **where)
    if comparison.carried is None:
        comparison.begin_step(inputs)
    if case.simultaneous:
        for turn in case.all_turns:
            yield from _gradient_stages(run, turn, inputs, bound, where)
        for turn in case.all_turns:
            yield from _step_stages(run, turn, bound, where)
    else:
        for turn in case.all_turns:
            yield from _gradient_stages(run, turn, inputs, bound, where)
            yield from _step_stages(run, turn, bound, where)

    for side in sides[::2]:
        side.forget_gradients()
    of_weights = {key: tolerance * step * _largest_move(run, key) for key, tolerance in run.tolerances.items()}
    states = [side.state() for side in sides]
    weights = [state.only(lambda key: not is_statistic(key)) for state in states]
    before = len(run.rows)
    _judge(run, weights, stage="weights", bound=TRAINED_BOUND, tolerances=of_weights, **where)
    run.by_step.append(run.rows[before:])
    yield
    statistics = [state.only(is_statistic) for state in states]
    yield _judge(run, statistics, stage="running statistics", bound=TRAINED_BOUND, **where)
    if last:
        outputs = comparison.each(lambda side: _outputs(side, inputs))
        yield _judge(run, outputs, stage="trained outputs", bound=TRAINED_BOUND, **where)


def _outputs(side: Any, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return side.graph_forward(inputs) if hasattr(side, "graph_forward") else side.forward(inputs, training=False)[0]


def _gradient_stages(
    run: _Pass, turn: Turn, inputs: Mapping[str, np.ndarray], bound: float, where: Mapping[str, Any]
) -> Iterator[None]:
    comparison, name = run.comparison, of_turn(turn)
    losses, gradients = comparison.carried or comparison.losses_and_gradients(inputs, turn)
    comparison.carried = None
    yield _judge(run, losses, stage=f"{name}losses", bound=bound, **where)
    rows = _judge(run, gradients, stage=f"{name}gradients", bound=bound, **where)
    # Rounding in a cancelling gradient stays in the slots: the largest so far counts.
    for row in rows:
        if row.cancelling:
            run.tolerances[row.key] = max(row.bound64 * row.size, run.tolerances.get(row.key, 0.0))
    del losses, gradients
    yield


def _step_stages(run: _Pass, turn: Turn, bound: float, where: Mapping[str, Any]) -> Iterator[None]:
    sides, name = run.comparison.sides, of_turn(turn)
    settings = {"tolerances": run.tolerances, **where}
    clipped = run.comparison.each(lambda side: side.step(turn), float32_first=True)
    yield _judge(run, clipped, stage=f"{name}clipped gradients", bound=bound, **settings)
    del clipped
    slots = [side.slots(turn) for side in sides]
    for slot in slots[0]:
        if all(slot in of_side for of_side in slots):
            roots = [_in_gradient_units(of_side[slot], slot) for of_side in slots]
            yield _judge(run, roots, stage=f"{name}{slot}", bound=TRAINED_BOUND, **settings)


def _judge(run: _Pass, sides: Sequence[Mapping[str, np.ndarray]], **where: Any) -> list[Row]:
    rows = judge(Samples(sides), **where)
    run.rows += rows
    return rows


def _largest_move(run: _Pass, key: str) -> float:
    """How far a small error of a gradient can move a weight in an Adam step, per unit of error."""
    owner = next((turn for turn in run.comparison.case.all_turns if turn.owns(key)), None)
    return 2 * owner.optimizer.learning_rate / owner.optimizer.epsilon if owner else 0.0


def is_statistic(key: str) -> bool:
    """Whether a state-dict key is of a running statistic rather than of a weight."""
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")


def _in_gradient_units(slots: LazyArrays, name: str) -> LazyArrays:
    """The root of `velocity`: like `momentum`, it is then no further off than the gradients were."""
    return slots.map(np.sqrt) if name == "velocity" else slots
