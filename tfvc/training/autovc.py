"""Training AutoVC on a prepared feature set."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvc.data import FeatureSet, fixed_mel_crops, mel_crops, split_speakers
from tfvc.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.training.callbacks import LossLog, SaveCheckpoints, Validate
from tfvc.training.checkpoints import Checkpoints
from tfvc.training.config import TrainingConfig
from tfvc.training.optimizers import Adam
from tfvc.training.pictures import mel_figure, to_pixels
from tfvc.training.precision import mixed_precision_policy
from tfvc.training.run import open_run

_STEPS_IN_A_MEAN = 100


@dataclass(frozen=True)
class AutoVCTraining:
    """One run, fully described; the same description gives the same weights.

    Attributes:
        data: folder of the feature set.
        out: folder of the run: `run.json`, `losses.jsonl`, `checkpoints/`, `logs/` (TensorBoard) and, when it is
            done, `preset/`.
        model: the architecture, with the mel scaling that suits the feature set's mels (`mel_scaling`).
        settings: everything else.
        steps: gradient steps in all.
        batch_size: crops per step.
        seed: of the initial weights, the order of the recordings and the crops.
        mixed_precision: compute in half precision.
    """

    data: Path
    out: Path
    model: AutoVCConfig
    settings: TrainingConfig
    steps: int
    batch_size: int
    seed: int
    mixed_precision: bool = False

    def run(self, resume: bool, report: Callable[[int, str], None]) -> Path:
        """Trains with `AutoVC.fit`, from the start or from the latest checkpoint.

        Args:
            resume: continue the run in `out`.
            report: called with (steps done, words) now and then.

        Returns:
            The folder of the finished preset.

        Raises:
            TfvcError: if data and model do not fit, the run cannot be continued, or the loss is not finite (the
                last good checkpoint is kept).
        """
        features = FeatureSet(self.data)
        if features.spec.n_mels != self.model.n_mels:
            raise TfvcError(
                f"{self.data}: mels have {features.spec.n_mels} channels, the model wants {self.model.n_mels}"
            )
        training, validation = split_speakers(features, self.settings.validation_speakers, self.seed)
        open_run(self.out, self._description(), resume)

        model = self._fresh_model(features, training)
        checkpoints = Checkpoints(self.out / "checkpoints", self.settings.keep_checkpoints)
        start = checkpoints.restore_latest(model)
        report(start, "")
        if start < self.steps:
            self._fit(model, features, training, validation, checkpoints, start, report)
        preset = self.out / "preset"
        model.save_to_preset(preset, training=self._record(features, training, validation, model))
        return preset

    def _description(self) -> dict[str, Any]:
        described = {name: getattr(self, name) for name in ("steps", "batch_size", "seed", "mixed_precision")}
        return {
            "data": self.data.name,
            **described,
            **{f"model.{name}": value for name, value in self.model.to_dict().items()},
            **self.settings.to_dict(),
        }

    def _fresh_model(self, features: FeatureSet, speakers: list[str]) -> AutoVC:
        keras.utils.set_random_seed(self.seed)
        model = AutoVC(self.model, features.spec, dtype=mixed_precision_policy() if self.mixed_precision else None)
        # The decoder starts at the corpus's mean mel, not at zero: hundreds of steps would go into finding it.
        model.decoder.linear_projection.bias.assign(model.normalize(mean_mel(features, speakers)))
        schedule = keras.optimizers.schedules.CosineDecay(
            self.settings.learning_rate,
            self.steps,
            alpha=self.settings.final_learning_rate / self.settings.learning_rate,
        )
        model.compile(optimizer=Adam(schedule, clip_grad_norm=self.settings.clip_grad_norm))
        return model

    def _fit(self, model, features, training, validation, checkpoints, start, report):
        frames = self.settings.frames
        crops = mel_crops(
            features, self.batch_size, frames, self.seed, start_step=start, steps=self.steps - start, speakers=training
        )
        writer = tf.summary.create_file_writer(str(self.out / "logs"))
        callbacks = [
            LossLog(self.out / "losses.jsonl", writer, start, checkpoints, report),
            SaveCheckpoints(checkpoints, start, self.settings.checkpoint_every),
        ]
        if validation:
            fixed = fixed_mel_crops(features, self.batch_size, frames, speakers=validation)
            pictures = conversion_pictures(features, validation)
            callbacks.append(Validate(fixed, pictures, writer, start, self.settings.validate_every))
        try:
            model.fit(
                crops, epochs=1, steps_per_epoch=self.steps - start, callbacks=callbacks, shuffle=False, verbose=0
            )
        except tf.errors.OpError as error:
            # Damage in the feature set is found when it is first read, inside the graph, which wraps what we say.
            _, ours, message = str(error).partition("TfvcError: ")
            if not ours:
                raise
            raise TfvcError(message.splitlines()[0]) from None
        finally:
            writer.close()

    def _record(self, features, training, validation, model) -> dict[str, Any]:
        return {
            **self._description(),
            "utterances": sum(u.speaker in set(training) for u in features.utterances),
            "training_speakers": len(training),
            "minutes": round(sum(u.seconds for u in features.utterances if u.speaker in set(training)) / 60, 1),
            "held_out_speakers": validation,
            "parameters": int(sum(np.prod(v.shape) for v in model.trainable_variables)),
            "losses": self._last_losses(),
            "validation_losses": self._validation_losses(model, features, validation),
        }

    def _last_losses(self) -> dict[str, float]:
        """Means over the last steps of the run."""
        lines = (self.out / "losses.jsonl").read_text().splitlines()[-_STEPS_IN_A_MEAN:]
        steps = [json.loads(line) for line in lines]
        return {name: float(np.mean([step[name] for step in steps])) for name in steps[0] if name != "step"}

    def _validation_losses(self, model, features, speakers) -> dict[str, float]:
        """Losses on the speakers held out, none if there are none."""
        if not speakers:
            return {}
        fixed = fixed_mel_crops(features, self.batch_size, self.settings.frames, speakers=speakers)
        return model.evaluate(fixed, verbose=0, return_dict=True)


def mean_mel(features: FeatureSet, speakers: list[str]) -> np.ndarray:
    """The mean `[n_mels]` over all frames of these speakers."""
    wanted = set(speakers)
    indices = [i for i, utterance in enumerate(features.utterances) if utterance.speaker in wanted]
    total = np.sum([features.mel(i).sum(axis=0, dtype=np.float64) for i in indices], axis=0)
    return (total / sum(features.utterances[i].frames for i in indices)).astype(np.float32)


def conversion_pictures(features: FeatureSet, speakers: list[str]) -> Callable[[AutoVC], dict[str, np.ndarray]]:
    """A function of the model: an utterance of the first speaker as it is, reconstructed, and in the last's voice."""
    index = next(i for i, utterance in enumerate(features.utterances) if utterance.speaker == speakers[0])
    mel = features.mel(index)[None]
    own, other = (features.speaker_embedding(name)[None] for name in (speakers[0], speakers[-1]))

    def draw(model: AutoVC) -> dict[str, np.ndarray]:
        mels = {
            speakers[0]: mel[0],
            f"{speakers[0]}, reconstructed": model.convert(mel, own, own)[0].numpy(),
            f"{speakers[0]} as {speakers[-1]}": model.convert(mel, own, other)[0].numpy(),
        }
        return {"conversion": to_pixels(mel_figure(mels, features.spec.hop / features.spec.sample_rate))}

    return draw
