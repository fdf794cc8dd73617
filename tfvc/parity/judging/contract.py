"""What each stage may differ by: the bounds of `judgement`, and what the rounding of cancelling gradients has left.

The gradient of a bias in front of a batch norm is nothing but rounding. An optimizer divides it by its own size, so
that it becomes a step like any other: what it may move is measured where it is a gradient, and allowed behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import BEHIND_GRADIENTS, OF_UPDATES, SLOTS, Phase, Stage, StageKind
from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.in_part import Part, judge_in_part
from tfvc.parity.judging.judgement import FORWARD_BOUND, TRAINED_BOUND
from tfvc.parity.judging.samples import Samples, judge_all

# In a first step these come of the initial weights alone.
_BEFORE_ANYTHING_MOVES = (StageKind.LOSSES, StageKind.GRADIENTS, StageKind.CLIPPED_GRADIENTS)


@dataclass(frozen=True)
class StepSize:
    """How far an optimizer may move what it trains.

    Attributes:
        turn: its label in a stage.
        learning_rate: of a step.
        epsilon: what it adds before it divides.
        owns: whether a weight is trained by it.
    """

    turn: str
    learning_rate: float
    epsilon: float
    owns: Callable[[str], bool]


@dataclass
class Contract:
    """Judges the stages of one comparison, in the order in which they were computed.

    Attributes:
        step_sizes: of its optimizers.
        decisions: name of a tensor of integers -> that of the scores whose largest it names.
        rounded: whether a float64 error passes that is no larger than float32's rounding.
        tolerances: absolute errors that rounding of cancelling gradients has left behind so far, by key.
    """

    step_sizes: Sequence[StepSize] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)
    rounded: bool = False
    tolerances: dict[str, float] = field(default_factory=dict)

    def judge(self, stage: Stage, sides: FourOf[Mapping[str, np.ndarray]], precision: bool = False) -> list[Row]:
        """The rows of one stage.

        Args:
            stage: which.
            sides: what it is on each side, squares of optimizers as their roots.
            precision: whether the noises of the two sides are held against each other.
        """
        allowed = self._bound(stage), self._allowed(stage)
        settings = {"decisions": self.decisions, "rounded": self.rounded}
        return self._noted(stage, judge_all(Samples(sides), stage, *allowed, precision, **settings))

    def judge_in_part(self, stage: Stage, parts: Mapping[str, Part]) -> list[Row]:
        """The rows of tensors that a side has in one precision only."""
        return self._noted(stage, judge_in_part(parts, stage, self._bound(stage), self._allowed(stage)))

    def _noted(self, stage: Stage, rows: list[Row]) -> list[Row]:
        if stage.phase is Phase.TRAIN and stage.kind is StageKind.GRADIENTS:
            # Rounding in a cancelling gradient stays in the slots: the largest so far counts.
            for row in rows:
                if row.cancelling:
                    self.tolerances[row.key] = max(row.bound64 * row.size, self.tolerances.get(row.key, 0.0))
        return rows

    def _bound(self, stage: Stage) -> float:
        """The relative float64 error: another one where an optimizer's step lies before."""
        first = stage.phase is not Phase.TRAIN or stage.kind is StageKind.OUTPUTS
        first = first or (stage.step == 1 and stage.kind in _BEFORE_ANYTHING_MOVES)
        return FORWARD_BOUND if first else TRAINED_BOUND

    def _allowed(self, stage: Stage) -> dict[str, float]:
        """What rounding may have left of a stage, by key."""
        if stage.phase is not Phase.TRAIN or stage.kind not in BEHIND_GRADIENTS:
            return {}
        if stage.kind is StageKind.WEIGHTS:
            return {key: x * stage.step * self._largest_move(key) for key, x in self.tolerances.items()}
        if stage.kind in SLOTS and stage.kind in OF_UPDATES:
            epsilon = next((one.epsilon for one in self.step_sizes if one.turn == stage.turn), 1.0)
            return {key: x * 2 / epsilon for key, x in self.tolerances.items()}
        return self.tolerances

    def _largest_move(self, key: str) -> float:
        """How far a small error of a gradient can move a weight in an Adam step, per unit of error."""
        owner = next((one for one in self.step_sizes if one.owns(key)), None)
        return 2 * owner.learning_rate / owner.epsilon if owner else 0.0
