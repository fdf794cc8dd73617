"""What happens beside the gradient steps of a run."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from tfvc.errors import TfvcError
from tfvc.training.checkpoints import Checkpoints


class LossLog(keras.callbacks.Callback):
    """Writes each step's own losses to `losses.jsonl`, and their means over some steps to TensorBoard.

    Metrics are reset before every step, so that what `fit` reports is that step's value and not a running mean.
    A loss that is not finite ends the run.

    Args:
        path: the `losses.jsonl`.
        writer: of the TensorBoard scalars.
        start: steps done by earlier runs; lines beyond it are taken away (they will be written again).
        checkpoints: named in the message when training breaks down.
        report: called with (step, words).
        every: steps between scalars.
    """

    def __init__(
        self,
        path: Path,
        writer: tf.summary.SummaryWriter,
        start: int,
        checkpoints: Checkpoints,
        report: Callable[[int, str], None],
        every: int = 20,
    ):
        super().__init__()
        kept = path.read_text().splitlines()[:start] if path.exists() else []
        self._file = path.open("w")
        self._file.writelines(line + "\n" for line in kept)
        self._writer = writer
        self._step = start
        self._checkpoints = checkpoints
        self._report = report
        self._every = every
        self._window: list[dict[str, float]] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        values = {name: float(value) for name, value in logs.items()}
        if not all(map(math.isfinite, values.values())):
            raise TfvcError(
                f"the loss is {values['loss']} at step {self._step}; {self._checkpoints.describe()}; "
                "lower the learning rate (--set learning_rate=...)"
            )
        self._file.write(json.dumps({"step": self._step, **values}) + "\n")
        self._file.flush()
        self._window.append(values)
        if self._step % self._every == 0:
            self._summarise()

    def on_train_end(self, logs=None):
        self._file.close()

    def _summarise(self):
        means = {name: sum(v[name] for v in self._window) / len(self._window) for name in self._window[0]}
        self._window.clear()
        with self._writer.as_default(self._step):
            for name, value in means.items():
                tf.summary.scalar(f"train/{name}", value)
            tf.summary.scalar("learning_rate", self.model.optimizer.learning_rate)
        self._report(self._step, f"loss {means['loss']:.5f}")


class SaveCheckpoints(keras.callbacks.Callback):
    """Saves every so many steps, and at the end."""

    def __init__(self, checkpoints: Checkpoints, start: int, every: int):
        super().__init__()
        self._checkpoints = checkpoints
        self._step = start
        self._every = every

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self._step % self._every == 0:
            self._checkpoints.save(self.model, self._step)

    def on_train_end(self, logs=None):
        if self._step % self._every:
            self._checkpoints.save(self.model, self._step)


class Validate(keras.callbacks.Callback):
    """Every so many steps and at the end: losses on held-out speakers, and pictures of what the model does.

    Args:
        dataset: finite, of the same items as training.
        pictures: called with the model; gives name -> image `[height, width, 3]`.
        writer: of TensorBoard.
        start: steps done by earlier runs.
        every: steps between validations.
    """

    def __init__(self, dataset, pictures: Callable, writer: tf.summary.SummaryWriter, start: int, every: int):
        super().__init__()
        self._dataset = dataset
        self._pictures = pictures
        self._writer = writer
        self._step = start
        self._every = every
        self.results: dict[int, dict[str, float]] = {}

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self._step % self._every == 0:
            self._validate()

    def on_train_end(self, logs=None):
        if self._step not in self.results:
            self._validate()

    def _validate(self):
        results = self.model.evaluate(self._dataset, verbose=0, return_dict=True)
        self.results[self._step] = results
        with self._writer.as_default(self._step):
            for name, value in results.items():
                tf.summary.scalar(f"validation/{name}", value)
            for name, image in self._pictures(self.model).items():
                tf.summary.image(name, image[None])
