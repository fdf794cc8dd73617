"""The settings of a training run that are not the model's own; every field can be given as `--set name=value`."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le

from tfvc.common.config import (
    Config,
    Count,
    CountFromZero,
    LearningRate,
    Positive,
    Samples,
    Share,
    ShareBelowOne,
    Size,
)
from tfvc.common.errors import TfvcError

# A waveform made louder would be clipped.
Gain = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class RunConfig(Config):
    """What every run has.

    Attributes:
        validation_speakers: speakers that are kept out of training, to validate on.
        validate_every: steps between validations.
        checkpoint_every: steps between checkpoints.
        keep_checkpoints: how many of the latest checkpoints stay.
    """

    validation_speakers: CountFromZero = 0
    validate_every: Count = 500
    checkpoint_every: Count = 500
    keep_checkpoints: Count = 2


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """How AutoVC is trained; `named` has what differs for the presets of AutoVC.

    Attributes:
        frames: length of the crops.
        learning_rate: at the start; falls to `final_learning_rate` along a cosine over the run.
        final_learning_rate: at the last step.
        clip_grad_norm: largest global norm of the gradient.
        warp: the encoder hears each mel with its frequencies stretched by up to about this part, and tilted, as if
            another voice spoke; 0 for as it is, which is upstream's way. See `tfvc.training.warping`.
    """

    frames: Size = 128
    learning_rate: LearningRate = 1e-3
    final_learning_rate: Share = 2e-5
    clip_grad_norm: Positive = 1.0
    warp: ShareBelowOne = 0.0

    named = {"official": {}, "article": {}, "small": dict(warp=0.15)}  # noqa: RUF012


@dataclass(frozen=True)
class VocoderTrainingConfig(RunConfig):
    """How a vocoder is trained; `named` has, for the presets of the vocoder, what is published of it.

    Attributes:
        segment: samples of the waveforms in a batch; a multiple of the mel's hop.
        generator_learning_rate: at the start.
        discriminator_learning_rate: at the start.
        ema_decay: of the running mean of the generator's weights, which is what the preset gets; 0 for none.
        warmup_steps: so many first steps the generator takes alone, on the distance between the mels.
        gain_min: each segment is multiplied by a random number from here
        gain_max: to here. The waveforms are those of the feature set, at the loudness of the recordings.
    """

    segment: Samples = 8192
    generator_learning_rate: LearningRate = 1e-4
    discriminator_learning_rate: LearningRate = 1e-4
    ema_decay: ShareBelowOne = 0.999
    warmup_steps: CountFromZero = 0
    gain_min: Gain = 0.3
    gain_max: Gain = 0.95

    def __post_init__(self):
        super().__post_init__()
        if self.gain_min > self.gain_max:
            raise TfvcError(f"gain_min is {self.gain_min}; it must be at most gain_max, {self.gain_max}")
