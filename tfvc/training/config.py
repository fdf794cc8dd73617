"""The settings of a training run that are not the model's own; every field can be given as `--set name=value`."""

from dataclasses import dataclass

from tfvc.common.config import Config
from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class RunConfig(Config):
    """What every run has.

    Attributes:
        validation_speakers: speakers that are kept out of training, to validate on.
        validate_every: steps between validations.
        checkpoint_every: steps between checkpoints.
        keep_checkpoints: how many of the latest checkpoints stay.
    """

    validation_speakers: int = 0
    validate_every: int = 500
    checkpoint_every: int = 500
    keep_checkpoints: int = 2

    def __post_init__(self):
        for name in ("validate_every", "checkpoint_every", "keep_checkpoints"):
            if getattr(self, name) < 1:
                raise TfvcError(f"{name} is {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """How AutoVC is trained; `named` has what differs for the presets of AutoVC.

    Attributes:
        frames: length of the crops.
        learning_rate: at the start; falls to `final_learning_rate` along a cosine over the run.
        final_learning_rate: at the last step.
        clip_grad_norm: largest global norm of the gradient.
        warp: the encoder reads each mel with its frequencies stretched by up to about this part, and tilted, as if
            another voice spoke; 0 for as it is, which is upstream's way. See `tfvc.training.warping`.
    """

    frames: int = 128
    learning_rate: float = 1e-3
    final_learning_rate: float = 2e-5
    clip_grad_norm: float = 1.0
    warp: float = 0.0

    named = {"official": {}, "article": {}, "small": dict(warp=0.15)}  # noqa: RUF012

    def __post_init__(self):
        super().__post_init__()
        require(0 <= self.warp < 1, self, "warp", "at least 0 and below 1")


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

    segment: int = 8192
    generator_learning_rate: float = 1e-4
    discriminator_learning_rate: float = 1e-4
    ema_decay: float = 0.999
    warmup_steps: int = 0
    gain_min: float = 0.3
    gain_max: float = 0.95

    def __post_init__(self):
        super().__post_init__()
        for name in ("generator_learning_rate", "discriminator_learning_rate"):
            require(0 < getattr(self, name) < float("inf"), self, name, "above 0")
        require(0 <= self.ema_decay < 1, self, "ema_decay", "at least 0 and below 1")
        require(self.warmup_steps >= 0, self, "warmup_steps", "at least 0")
        require(0 < self.gain_min <= self.gain_max, self, "gain_min", f"above 0 and at most gain_max, {self.gain_max}")
        require(self.gain_max <= 1, self, "gain_max", "at most 1, or waveforms would be clipped")


def require(true: bool, config: RunConfig, name: str, words: str) -> None:
    """Raises TfvcError, saying what the field must be, unless it is true."""
    if not true:
        raise TfvcError(f"{name} is {getattr(config, name)}; it must be {words}")
