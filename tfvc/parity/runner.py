"""Runs the phases of a comparison: forward, backward, training steps."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfvc.errors import TfvcError
from tfvc.parity.case import ParityCase, Turn, probe
from tfvc.parity.environment import environment
from tfvc.parity.initialization import initial_state
from tfvc.parity.judgement import FORWARD_BOUND, TRAINED_BOUND, Sample, judge
from tfvc.parity.keras_side import KerasSide
from tfvc.parity.report import Report
from tfvc.parity.row import Row
from tfvc.parity.torch_side import TorchSide

PHASES = ("forward", "backward", "train")
# How many inputs a loss of precision in a gradient must show on.
DRAWS = 3


def compare(
    case: ParityCase,
    phases: Sequence[str] = PHASES,
    init: str = "coded",
    steps: int = 5,
    seed: int = 0,
) -> Report:
    """Compares the two models of a case; see `judgement` for what counts as equal.

    - `forward`: outputs in inference and in training mode, and the running statistics that training mode leaves.
    - `backward`: losses and every gradient, inputs included, in training mode.
    - `train`: `steps` optimizer steps on fresh inputs. Each step is followed from outputs through losses,
      gradients, clipped gradients and optimizer slots to weights and running statistics; the comparison ends
      with the first stage that fails, since all after it would only repeat it.

    Args:
        case: the pair.
        phases: which of `PHASES`; they run in that order.
        init: initial weights, see `initialization`.
        steps: optimizer steps of the `train` phase.
        seed: of the inputs, and of `random` weights.

    Raises:
        TfvcError: for an unknown phase or init, or weight entries that do not cover both models exactly.
    """
    report = Comparison(case, seed).run(phases, init, steps)
    # Graphs hold their models in cycles; the next case should not find four old models in memory.
    gc.collect()
    return report


class Comparison:
    """The four models of a case, fed with the same numbers and compared as they go.

    `compare` makes one for a single run; one that is kept serves several runs, and saves tracing its graphs anew.

    Args:
        case: the pair.
        seed: of the inputs, and of `random` weights.
    """

    def __init__(self, case: ParityCase, seed: int = 0):
        self.case = case
        self.seed = seed
        self._restart()
        torch64, torch32 = TorchSide(case, "float64"), TorchSide(case, "float32")
        self.shapes = {key: value.copy() for key, value in torch64.state().items()}
        keras64, keras32 = (KerasSide(case, dtype, self.inputs) for dtype in ("float64", "float32"))
        self.sides = [torch64, keras64, torch32, keras32]
        if any(turn.keras_losses is None for turn in case.all_turns):
            outputs = torch64.forward(self.inputs, training=False)
            for side in self.sides:
                side.probes = {name: probe(value.shape) for name, value in outputs.items()}

    def run(self, phases: Sequence[str] = PHASES, init: str = "coded", steps: int = 5) -> Report:
        """Compares from one kind of initial weights; the arguments are those of `compare`."""
        unknown = sorted(set(phases) - set(PHASES))
        if unknown:
            raise TfvcError(f"unknown parity phase {unknown[0]!r}: choose from {', '.join(PHASES)}")
        started = time.monotonic()
        self._restart()
        self.initial = initial_state(self.shapes, init, self.seed)
        self.report = Report(
            self.case.name, init, self.seed, description=self.case.description, environment=environment()
        )
        if "forward" in phases:
            self.forward()
        if "backward" in phases:
            self.backward()
        if "train" in phases:
            self.train(steps)
        self.report.seconds = time.monotonic() - started
        return self.report

    def _restart(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.inputs = self._draw()

    def forward(self) -> None:
        self._load()
        self._judge(self._outputs(self.inputs, False), "forward", "outputs", precision=True)
        self._judge(self._outputs(self.inputs, True), "forward", "training outputs", precision=True)
        self._judge(self._each(_statistics), "forward", "running statistics", precision=True)

    def backward(self) -> None:
        for turn in self.case.all_turns:
            self._load()
            self._begin_step(self.inputs)
            losses, gradients = self._losses_and_gradients(self.inputs, turn)
            self._judge(losses, "backward", _stage("losses", turn), precision=True)
            rows = judge(gradients, "backward", _stage("gradients", turn), precision=True)
            for _ in range(DRAWS - 1):
                if not any(row.only_imprecise for row in rows):
                    break
                self._load()
                inputs = self._draw()
                self._begin_step(inputs)
                _, gradients = self._losses_and_gradients(inputs, turn)
                again = judge(gradients, "backward", _stage("gradients", turn), precision=True)
                rows = [b if a.only_imprecise else a for a, b in zip(rows, again, strict=True)]
            self.report.rows += rows

    def train(self, steps: int) -> None:
        """Follows `steps` optimizer steps until a stage fails."""
        self._load()
        for _judged in self._training_stages(steps):
            if self.report.failures:
                return

    def _training_stages(self, steps: int) -> Iterator[None]:
        """Judges one stage after the other; the caller stops where one has failed."""
        # Absolute errors that rounding of cancelling gradients has left behind so far, by key.
        tolerances: dict[str, float] = {}
        turns = self.case.all_turns
        for step in range(1, steps + 1):
            inputs = self.inputs if step == 1 else self._draw()
            bound = FORWARD_BOUND if step == 1 else TRAINED_BOUND
            where = {"phase": "train", "step": step}

            yield self._judge(self._outputs(inputs, training=False), stage="outputs", bound=bound, **where)
            self._begin_step(inputs)
            if self.case.simultaneous:
                for turn in turns:
                    yield from self._gradient_stages(turn, inputs, bound, tolerances, where)
                for turn in turns:
                    yield from self._step_stages(turn, bound, tolerances, where)
            else:
                for turn in turns:
                    yield from self._gradient_stages(turn, inputs, bound, tolerances, where)
                    yield from self._step_stages(turn, bound, tolerances, where)

            of_weights = {key: tolerance * step * self._largest_move(key) for key, tolerance in tolerances.items()}
            yield self._judge(
                self._each(_weights), stage="weights", bound=TRAINED_BOUND, tolerances=of_weights, **where
            )
            yield self._judge(self._each(_statistics), stage="running statistics", bound=TRAINED_BOUND, **where)

    def _gradient_stages(self, turn: Turn, inputs, bound: float, tolerances: dict[str, float], where) -> Iterator[None]:
        losses, gradients = self._losses_and_gradients(inputs, turn)
        yield self._judge(losses, stage=_stage("losses", turn), bound=bound, **where)
        rows = self._judge(gradients, stage=_stage("gradients", turn), bound=bound, **where)
        # Rounding in a cancelling gradient stays in the slots: the largest so far counts.
        for row in rows:
            if row.cancelling:
                tolerances[row.key] = max(row.bound64 * row.size, tolerances.get(row.key, 0.0))
        yield

    def _step_stages(self, turn: Turn, bound: float, tolerances: dict[str, float], where) -> Iterator[None]:
        clipped = self._each(lambda side: side.step(turn))
        settings = {"tolerances": tolerances, **where}
        yield self._judge(clipped, stage=_stage("clipped gradients", turn), bound=bound, **settings)
        slots = [side.slots(turn) for side in self.sides]
        for slot in slots[0]:
            roots = _samples([_in_gradient_units(side[slot], slot) for side in slots])
            yield self._judge(roots, stage=_stage(slot, turn), bound=TRAINED_BOUND, **settings)

    def _begin_step(self, inputs: dict[str, np.ndarray]) -> None:
        for side in self.sides:
            side.begin_step(inputs)

    def _largest_move(self, key: str) -> float:
        """How far a small error of a gradient can move a weight in an Adam step, per unit of error."""
        owner = next((turn for turn in self.case.all_turns if turn.owns(key)), None)
        return 2 * owner.optimizer.learning_rate / owner.optimizer.epsilon if owner else 0.0

    def _judge(self, samples: dict[str, Sample], phase: str, stage: str, **settings: Any) -> list[Row]:
        rows = judge(samples, phase, stage, **settings)
        self.report.rows += rows
        return rows

    def _losses_and_gradients(
        self, inputs: dict[str, np.ndarray], turn: Turn
    ) -> tuple[dict[str, Sample], dict[str, Sample]]:
        losses, gradients = zip(*(side.backward(inputs, turn) for side in self.sides), strict=True)
        return _samples(losses), _samples(gradients)

    def _outputs(self, inputs: dict[str, np.ndarray], training: bool) -> dict[str, Sample]:
        return self._each(lambda side: side.forward(inputs, training))

    def _each(self, compute: Callable[[Any], dict[str, np.ndarray]]) -> dict[str, Sample]:
        return _samples([compute(side) for side in self.sides])

    def _load(self) -> None:
        for side in self.sides:
            side.load(self.initial)

    def _draw(self) -> dict[str, np.ndarray]:
        """Inputs that float32 holds exactly, so that both precisions start from the same numbers."""
        drawn = self.case.inputs(self.rng)
        return {k: v.astype(np.float32) if np.issubdtype(v.dtype, np.floating) else v for k, v in drawn.items()}


def _stage(name: str, turn: Turn) -> str:
    """The name of a stage, with the turn's where a step has several."""
    return name if turn.name == "loss" else f"{turn.name}: {name}"


def _samples(sides: Sequence[dict[str, np.ndarray]]) -> dict[str, Sample]:
    names = [set(side) for side in sides]
    if any(other != names[0] for other in names):
        odd = sorted(set.union(*names) - set.intersection(*names))
        raise TfvcError(f"parity: only one of the two models gives {', '.join(odd)}")
    return {name: Sample(*(np.asarray(side[name]) for side in sides)) for name in sides[0]}


def _statistics(side: Any) -> dict[str, np.ndarray]:
    return {key: value for key, value in side.state().items() if _is_statistic(key)}


def _weights(side: Any) -> dict[str, np.ndarray]:
    return {key: value for key, value in side.state().items() if not _is_statistic(key)}


def _is_statistic(key: str) -> bool:
    return key.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")


def _in_gradient_units(slots: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The root of `velocity`: like `momentum`, it is then no further off than the gradients were."""
    return {key: np.sqrt(value) for key, value in slots.items()} if name == "velocity" else slots
