"""What happens beside the gradient steps of a run."""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.training.checkpoints import Checkpoints
from tfvc.training.journal import Journal


class LossLog(keras.callbacks.Callback):
    """Writes each step's own losses to a journal, and their means over some steps to TensorBoard.

    Metrics are reset before every step, so that what `fit` reports is that step's value and not a running mean.
    A loss that is not finite ends the run.

    Args:
        journal: of the losses; what it has beyond `start` is forgotten.
        writer: of the TensorBoard scalars.
        start: steps done by earlier runs.
        checkpoints: named in the message when training breaks down.
        optimizers: name of a scalar -> the optimizer whose learning rate it shows.
        report: called with (step, words).
        headline: the losses that the words tell.
        every: steps between scalars.
    """

    def __init__(
        self,
        journal: Journal,
        writer: tf.summary.SummaryWriter,
        start: int,
        checkpoints: Checkpoints,
        optimizers: dict[str, keras.optimizers.Optimizer],
        report: Callable[[int, str], None],
        headline: tuple[str, ...],
        every: int = 20,
    ):
        super().__init__()
        journal.forget_after(start)
        self._journal = journal
        self._writer = writer
        self._step = start
        self._checkpoints = checkpoints
        self._optimizers = optimizers
        self._report = report
        self._headline = headline
        self._every = every
        self._window: list[dict[str, float]] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        values = {name: float(value) for name, value in logs.items()}
        for name, value in values.items():
            if not math.isfinite(value):
                loss = name if name == "loss" else f"{name} loss"
                raise TfvcError(
                    f"the {loss} is {value} at step {self._step}; {self._checkpoints.describe()}; "
                    f"lower the learning rate (--set {next(iter(self._optimizers))}=...)"
                )
        self._journal.append(self._step, values)
        self._window.append(values)
        if self._step % self._every == 0:
            self._summarise()

    def _summarise(self):
        means = {name: sum(v[name] for v in self._window) / len(self._window) for name in self._window[0]}
        self._window.clear()
        with self._writer.as_default(self._step):
            for name, value in means.items():
                tf.summary.scalar(f"train/{name}", value)
            for name, optimizer in self._optimizers.items():
                tf.summary.scalar(name, optimizer.learning_rate)
        self._report(self._step, ", ".join(f"{name} {means[name]:.5f}" for name in self._headline))


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
    """Every so many steps and at the end: how good the model is on what it was not trained on.

    Stands before `SaveCheckpoints`: then the journal reaches as far as any checkpoint.

    Args:
        journal: of the results; what it has beyond `start` is forgotten.
        measure: called with the model; gives losses on held-out speakers, none if there are none.
        show: called with the model, under TensorBoard's writer: writes pictures and sound.
        writer: of TensorBoard.
        start: steps done by earlier runs.
        every: steps between validations.
    """

    def __init__(
        self,
        journal: Journal,
        measure: Callable[[keras.Model], dict[str, float]],
        show: Callable[[keras.Model], None],
        writer: tf.summary.SummaryWriter,
        start: int,
        every: int,
    ):
        super().__init__()
        journal.forget_after(start)
        self._journal = journal
        self._measure = measure
        self._show = show
        self._writer = writer
        self._step = start
        self._every = every

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self._step % self._every == 0:
            self._validate()

    def on_train_end(self, logs=None):
        if self._step % self._every:
            self._validate()

    def _validate(self):
        results = self._measure(self.model)
        if results:
            self._journal.append(self._step, results)
        with self._writer.as_default(self._step):
            for name, value in results.items():
                tf.summary.scalar(f"validation/{name}", value)
            self._show(self.model)
