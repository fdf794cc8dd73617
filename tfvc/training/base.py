"""What all training runs share."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet, Utterance, split_speakers
from tfvc.models.preset import PresetModel
from tfvc.optimizers.ordered_sums import sum_gradients_in_order
from tfvc.training.callbacks import LossLog, SaveCheckpoints, Validate
from tfvc.training.checkpoints import Checkpoints
from tfvc.training.config import RunConfig
from tfvc.training.journal import Journal
from tfvc.training.precision import mixed_precision_policy
from tfvc.training.run import open_run
from tfvc.training.start import Start

_STEPS_IN_A_MEAN = 100

Measure = Callable[[keras.Model], dict[str, float]]
Show = Callable[[keras.Model], None]


@dataclass(frozen=True)
class Corpus:
    """A feature set and who of it is trained on.

    Attributes:
        features: the prepared set.
        training: names of the speakers to train on.
        validation: names of those held out.
    """

    features: FeatureSet
    training: list[str]
    validation: list[str]

    @classmethod
    def split(cls, features: FeatureSet, validation_speakers: int, seed: int) -> Self:
        """Holds out so many speakers. Raises TfvcError if none would be left."""
        return cls(features, *split_speakers(features, validation_speakers, seed))

    @property
    def utterances(self) -> list[Utterance]:
        """Those of the speakers to train on."""
        speakers = set(self.training)
        return [utterance for utterance in self.features.utterances if utterance.speaker in speakers]


@dataclass(frozen=True)
class Training(abc.ABC):
    """One run, fully described; the same description gives the same weights, on a CPU bit for bit.

    A subclass gives the model, its data and what there is to see of it; `name` is the model's on the command line,
    `headline` the losses that are reported as it trains.

    Attributes:
        data: folder of the feature set.
        out: folder of the run: `run.json`, `losses.jsonl`, `validation.jsonl`, `checkpoints/`, `logs/` (TensorBoard)
            and, when it is done, `preset/`.
        model: the architecture.
        settings: everything else.
        steps: gradient steps in all.
        batch_size: rows of data per step.
        seed: of the initial weights, the order of the recordings and the crops; 0 to 2**32 - 1.
        mixed_precision: compute in half precision.
        start: trained weights to go on from, with fresh optimizers; None begins with drawn ones.
    """

    name: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]

    data: Path
    out: Path
    model: Config
    settings: RunConfig
    steps: int
    batch_size: int
    seed: int
    mixed_precision: bool = False
    start: Start | None = None

    @classmethod
    def find_start(cls, preset: str) -> Start | None:
        """The trained weights in a preset, or None for the name of an architecture. Raises TfvcError for neither."""
        return None

    @classmethod
    @abc.abstractmethod
    def defaults(cls, preset: str, spec: MelSpec) -> tuple[Config, RunConfig]:
        """Architecture and settings of a named preset, for mels of this front-end. Raises TfvcError for no such."""

    @abc.abstractmethod
    def check(self, spec: MelSpec) -> None:
        """Raises TfvcError if the model cannot be trained on mels of this front-end with these settings."""

    @abc.abstractmethod
    def fresh_model(self, corpus: Corpus) -> keras.Model:
        """The model at step 0, compiled, with its optimizers built."""

    @abc.abstractmethod
    def optimizers(self, model: keras.Model) -> dict[str, keras.optimizers.Optimizer]:
        """The optimizers by the name of their learning rate among the settings."""

    @abc.abstractmethod
    def batches(self, corpus: Corpus, start: int) -> tf.data.Dataset:
        """What `fit` is given from step `start` to the end."""

    @abc.abstractmethod
    def validation(self, corpus: Corpus) -> tuple[Measure, Show] | None:
        """What `Validate` calls; None if there is nothing to validate on."""

    @abc.abstractmethod
    def presets(self, model: keras.Model) -> dict[str, PresetModel]:
        """What is kept of the trained model, by the name of its folder; `preset` is the last."""

    def run(self, resume: bool, report: Callable[[int, str], None]) -> Path:
        """Trains with `Model.fit`, from the start or from the latest checkpoint.

        Args:
            resume: continue the run in `out`.
            report: called with (steps done, words) now and then.

        Returns:
            The folder of the finished preset.

        Raises:
            TfvcError: if data and model do not fit, the run cannot be continued, or a loss is not finite (the last
                good checkpoint is kept).
        """
        sum_gradients_in_order()
        if not 0 <= self.seed < 2**32:
            raise TfvcError(f"seed is {self.seed}; it must lie between 0 and 2**32 - 1")
        features = FeatureSet(self.data)
        self.check(features.spec)
        corpus = Corpus.split(features, self.settings.validation_speakers, self.seed)
        open_run(self.out, self._description(), resume)

        keras.utils.set_random_seed(self.seed)
        model = self.fresh_model(corpus)
        checkpoints = Checkpoints(self.out / "checkpoints", self.settings.keep_checkpoints)
        start = checkpoints.restore_latest(model)
        report(start, "")
        if start < self.steps:
            self._fit(model, corpus, checkpoints, start, report)
        for name, network in self.presets(model).items():
            network.save_to_preset(self.out / name, training=self._record(corpus, network))
        return self.out / "preset"

    def policy(self) -> str | None:
        """The dtype policy of the model."""
        return mixed_precision_policy() if self.mixed_precision else None

    def _description(self) -> dict[str, Any]:
        described = {name: getattr(self, name) for name in ("steps", "batch_size", "seed", "mixed_precision")}
        return {
            "model": self.name,
            "data": self.data.name,
            **described,
            "start": self.start and self.start.label,
            **{f"model.{name}": value for name, value in self.model.to_dict().items()},
            **self.settings.to_dict(),
        }

    def _losses(self) -> Journal:
        return Journal(self.out / "losses.jsonl")

    def _validations(self) -> Journal:
        return Journal(self.out / "validation.jsonl")

    def _fit(self, model, corpus, checkpoints, start, report):
        writer = tf.summary.create_file_writer(str(self.out / "logs"))
        optimizers = self.optimizers(model)
        callbacks = [LossLog(self._losses(), writer, start, checkpoints, optimizers, report, self.headline)]
        if validation := self.validation(corpus):
            callbacks.append(Validate(self._validations(), *validation, writer, start, self.settings.validate_every))
        callbacks.append(SaveCheckpoints(checkpoints, start, self.settings.checkpoint_every))
        try:
            model.fit(
                self.batches(corpus, start),
                epochs=1,
                steps_per_epoch=self.steps - start,
                callbacks=callbacks,
                shuffle=False,
                verbose=0,
            )
        except tf.errors.OpError as error:
            # Damage in the feature set is found when it is first read, inside the graph, which wraps what we say.
            _, ours, message = str(error).partition("TfvcError: ")
            if not ours:
                raise
            raise TfvcError(message.splitlines()[0]) from None
        finally:
            writer.close()

    def _record(self, corpus: Corpus, network: PresetModel) -> dict[str, Any]:
        utterances = corpus.utterances
        steps, validations = self._losses().entries()[-_STEPS_IN_A_MEAN:], self._validations().entries()
        curves = {
            name: {str(entry["step"]): entry[name] for entry in validations}
            for name in (validations[0] if validations else {})
            if name != "step"
        }
        return {
            **self._description(),
            "utterances": len(utterances),
            "training_speakers": len(set(corpus.training)),
            "minutes": round(sum(u.seconds for u in utterances) / 60, 1),
            "held_out_speakers": corpus.validation,
            "parameters": int(sum(np.prod(v.shape) for v in network.trainable_variables)),
            # Means over the last steps.
            "losses": {name: float(np.mean([step[name] for step in steps])) for name in steps[0] if name != "step"},
            "validation_losses": {name: list(curve.values())[-1] for name, curve in curves.items()},
            "validation_curves": curves,
        }
