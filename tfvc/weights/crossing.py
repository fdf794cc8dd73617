"""State dicts into Keras models and out of them: everything accounted for, exactly once."""

from collections import Counter
from dataclasses import dataclass

import keras
import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.layouts import Layout, rows_of
from tfvc.weights.torch_keys import TorchKeys
from tfvc.weights.weight_norm import older_spelling


@dataclass(frozen=True)
class Entry:
    """One torch tensor and the Keras variable that it is.

    Attributes:
        key: torch's state-dict key.
        variable: the Keras variable.
        layout: how the axes cross.
    """

    key: str
    variable: keras.Variable
    layout: Layout

    def to_torch(self, array: np.ndarray) -> np.ndarray:
        """A value, gradient or optimizer slot in Keras's layout, in torch's."""
        return self.layout.to_torch(array)

    def to_keras(self, array: np.ndarray) -> np.ndarray:
        """A value, gradient or optimizer slot in torch's layout, in Keras's."""
        return self.layout.to_keras(array)

    @property
    def torch_shape(self) -> tuple[int, ...]:
        """The shape on torch's side."""
        shape = tuple(self.variable.shape)
        return shape if self.layout.axes is None else tuple(shape[axis] for axis in self.layout.axes)


def entries(model: keras.Model) -> list[Entry]:
    """Every tensor of a model, in the order of upstream's state dict.

    Raises:
        WeightError: if the map leaves out a variable of the model or names one twice.
    """
    found = [
        Entry(f"{path}.{name}", variable, layout)
        for path, layer in torch_keys(model).pairs(model)
        for name, variable, layout in rows_of(layer)
    ]
    uses = Counter(id(entry.variable) for entry in found)
    # Metrics and an optimizer are not weights of the network; `model.weights` has neither.
    for variable in model.weights:
        if uses[id(variable)] != 1:
            raise WeightError(f"{model.name}: the torch map names {variable.path} {uses[id(variable)]} times, not once")
    return found


def torch_keys(model: keras.Model) -> TorchKeys:
    """What upstream calls a model's tensors. Raises WeightError for a model that does not say."""
    keys = getattr(model, "torch_keys", None)
    if not isinstance(keys, TorchKeys):
        raise WeightError(f"{type(model).__name__}: no torch keys for this model; give it the attribute torch_keys")
    return keys


def state_dict(model: keras.Model) -> dict[str, np.ndarray]:
    """The model's weights under torch's keys, in torch's layouts and order."""
    return {entry.key: entry.to_torch(np.asarray(entry.variable.numpy())) for entry in entries(model)}


def load_state_dict(model: keras.Model, state: dict[str, np.ndarray], where: str = "state dict") -> None:
    """Takes a torch state dict into a model; nothing changes unless all of it fits.

    Args:
        model: one of our models.
        state: torch keys -> arrays in torch's layouts; either spelling of weight normalisation.
        where: the name of the source, for messages.

    Raises:
        WeightError: naming a missing key, an extra key, or a tensor whose shape or type differs, with both sides.
    """
    expected = entries(model)
    state = older_spelling(state, where)
    extra = [key for key in state if key not in {e.key for e in expected} | torch_keys(model).ignored]
    missing = [entry.key for entry in expected if entry.key not in state]
    if missing:
        raise WeightError(
            f"{where}: no tensor {missing[0]!r}{_and_more(missing)}, which {model.name_in_presets} needs{_hint(extra)}"
        )
    if extra:
        raise WeightError(f"{where}: tensor {extra[0]!r}{_and_more(extra)} has no place in {model.name_in_presets}")
    for entry in expected:
        array = state[entry.key]
        if tuple(array.shape) != entry.torch_shape:
            raise WeightError(
                f"{where}: {entry.key} has shape {tuple(array.shape)}, "
                f"the model's {entry.variable.path} wants {entry.torch_shape}"
            )
        if (array.dtype.kind == "f") != (np.dtype(entry.variable.dtype).kind == "f"):
            raise WeightError(
                f"{where}: {entry.key} is {array.dtype}, the model's {entry.variable.path} {entry.variable.dtype}"
            )
    for entry in expected:
        entry.variable.assign(entry.to_keras(state[entry.key]))


def _and_more(keys: list[str]) -> str:
    return f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""


def _hint(extra: list[str]) -> str:
    return f"; it has {extra[0]!r}, which is unknown" if extra else ""
