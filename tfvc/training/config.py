"""The settings of a training run that are not the model's own."""

from dataclasses import dataclass

from tfvc.models.config import ModelConfig


@dataclass(frozen=True)
class TrainingConfig(ModelConfig):
    """How a model is trained; every field can be given as `--set name=value`.

    Attributes:
        frames: length of the crops.
        learning_rate: at the start; falls to `final_learning_rate` along a cosine over the run.
        final_learning_rate: at the last step.
        clip_grad_norm: largest global norm of the gradient.
        validation_speakers: speakers that are kept out of training, to validate on.
        validate_every: steps between validations.
        checkpoint_every: steps between checkpoints.
        keep_checkpoints: how many of the latest checkpoints stay.
    """

    frames: int = 128
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    clip_grad_norm: float = 1.0
    validation_speakers: int = 0
    validate_every: int = 500
    checkpoint_every: int = 500
    keep_checkpoints: int = 2
