"""At which point of a comparison a tensor is compared."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The parts of a comparison, in the order in which they run."""

    FORWARD = "forward"
    BACKWARD = "backward"
    TRAIN = "train"
    ROUND_TRIP = "roundtrip"
    STEPWISE = "stepwise"


class Mode(StrEnum):
    """The two modes of a forward pass."""

    INFERENCE = "inference"
    TRAINING = "training"


class StageKind(StrEnum):
    """What is compared; the values are the words of a report."""

    SIZES = "sizes"
    DROPOUT = "dropout"
    OUTPUTS = "outputs"
    INFERENCE_OUTPUTS = "inference outputs"
    TRAINING_OUTPUTS = "training outputs"
    RUNNING_STATISTICS = "running statistics"
    LOSSES = "losses"
    GRADIENTS = "gradients"
    CLIPPED_GRADIENTS = "clipped gradients"
    MOMENTUM = "momentum"
    VELOCITY = "velocity"
    LARGEST_VELOCITY = "largest velocity"
    LARGEST_GRADIENT = "largest gradient"
    MEAN_GRADIENT = "mean gradient"
    UPDATES = "updates"
    SQUARED_UPDATES = "squared updates"
    WEIGHTS = "weights"
    TRAINED_OUTPUTS = "trained outputs"
    INVERSE = "inverse"
    ROUND_TRIP = "inputs again"
    STEPWISE_OUTPUTS = "stepwise outputs"
    WHOLE = "the whole at once"


# The outputs of a single layer in each mode; those of a whole model in inference are its `OUTPUTS`.
LAYER_OUTPUTS = {Mode.INFERENCE: StageKind.INFERENCE_OUTPUTS, Mode.TRAINING: StageKind.TRAINING_OUTPUTS}
MODEL_OUTPUTS = {Mode.INFERENCE: StageKind.OUTPUTS, Mode.TRAINING: StageKind.TRAINING_OUTPUTS}


SLOTS = (
    StageKind.MOMENTUM,
    StageKind.VELOCITY,
    StageKind.LARGEST_VELOCITY,
    StageKind.LARGEST_GRADIENT,
    StageKind.MEAN_GRADIENT,
    StageKind.UPDATES,
    StageKind.SQUARED_UPDATES,
)
# Squares, of which the root is compared: it is no further off than the gradients were.
SQUARES = (StageKind.VELOCITY, StageKind.LARGEST_VELOCITY, StageKind.SQUARED_UPDATES)
# What is of the size of an update rather than of a gradient.
OF_UPDATES = (StageKind.UPDATES, StageKind.SQUARED_UPDATES)
# What an optimizer makes of the gradients that it is given.
BEHIND_GRADIENTS = (StageKind.CLIPPED_GRADIENTS, *SLOTS, StageKind.WEIGHTS)


@dataclass(frozen=True)
class Stage:
    """One stage of a comparison.

    Attributes:
        phase, kind: which.
        turn: the optimizer's turn, where a training step has several; else empty.
        step: the training step, from 1; None outside of training.
    """

    phase: Phase
    kind: StageKind
    turn: str = ""
    step: int | None = None

    @property
    def mode(self) -> Mode:
        """The mode in which a layer was run for it."""
        in_training = (StageKind.TRAINING_OUTPUTS, StageKind.RUNNING_STATISTICS)
        trains = self.phase is Phase.BACKWARD or self.kind in in_training
        return Mode.TRAINING if trains else Mode.INFERENCE
