"""Checkpoints of a run: everything that the next step depends on, in a folder that appears whole."""

import re
import shutil
from pathlib import Path

import keras
import numpy as np

from tfvc.common.atomic import atomic_dir
from tfvc.common.errors import TfvcError

_STEP = re.compile(r"step-(\d{8})")


class Checkpoints:
    """`<run>/checkpoints/step-00001000/state.weights.h5`: model and optimizers (slots, step count, running
    means of the weights, loss scale).

    The position in the data and the random crops are functions of (seed, step), so the step in the name is all that
    they need.

    Args:
        folder: where the checkpoints lie.
        keep: how many of the latest stay.
    """

    def __init__(self, folder: Path, keep: int):
        self.folder = folder
        self.keep = keep

    def steps(self) -> list[int]:
        """Steps of the checkpoints there are, ascending."""
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return sorted(int(match[1]) for path in found if (match := _STEP.fullmatch(path.name)))

    def save(self, model: keras.Model, step: int) -> None:
        """Writes a checkpoint and removes those that are too old.

        Raises:
            TfvcError: if a weight is not finite; the earlier checkpoints stay as they are.
        """
        for variable in model.trainable_variables:
            if not np.isfinite(variable.numpy()).all():
                raise TfvcError(f"{variable.path} is not finite after step {step}; {self.describe()}")
        with atomic_dir(self.path(step)) as temporary:
            model.save_weights(temporary / "state.weights.h5")
        for old in self.steps()[: -self.keep]:
            shutil.rmtree(self.path(old))

    def restore_latest(self, model: keras.Model) -> int:
        """Loads the latest checkpoint into a compiled model whose optimizers have been built.

        Returns:
            Its step, 0 if there is none yet.
        """
        steps = self.steps()
        if not steps:
            return 0
        model.load_weights(self.path(steps[-1]) / "state.weights.h5")
        return steps[-1]

    def path(self, step: int) -> Path:
        """The folder of a step's checkpoint."""
        return self.folder / f"step-{step:08d}"

    def describe(self) -> str:
        """The last good checkpoint, for messages."""
        steps = self.steps()
        return f"the last good checkpoint is {self.path(steps[-1])}" if steps else "there is no checkpoint yet"
