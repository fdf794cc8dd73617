"""State dicts into Keras models and out of them: everything accounted for, exactly once."""

import keras
import numpy as np

from tfvc.weights.entry import Constant, Declared, Entry, Ignored, check_constants, check_cover
from tfvc.weights.errors import WeightError
from tfvc.weights.layer_kinds import entries_of
from tfvc.weights.torch_keys import TorchKeys
from tfvc.weights.weight_norm import older_spelling


def entries(model: keras.Model) -> list[Declared]:
    """Every tensor of a model, in the order of upstream's state dict.

    Raises:
        WeightError: if the map leaves out a variable of the model, or names it or a torch key twice.
    """
    found: list[Declared] = []
    for pair in torch_keys(model).pairs(model):
        found += entries_of(*pair) if isinstance(pair, tuple) else [pair]
    # Metrics and an optimizer are not weights of the network; `model.weights` has neither.
    check_cover(model.weights, found, model.name)
    check_constants(found, model.name)
    return found


def torch_keys(model: keras.Model) -> TorchKeys:
    """What upstream calls a model's tensors. Raises WeightError for a model that does not say."""
    keys = getattr(model, "torch_keys", None)
    if not isinstance(keys, TorchKeys):
        raise WeightError(f"{type(model).__name__}: no torch keys for this model; give it the attribute torch_keys")
    return keys


def state_dict(model: keras.Model) -> dict[str, np.ndarray]:
    """The model's weights under torch's keys, in torch's layouts and order."""
    found = {}
    for entry in _crossing(entries(model)):
        found.update(zip(entry.keys, entry.separate(entry.value()), strict=True))
    return found


def load_state_dict(model: keras.Model, state: dict[str, np.ndarray], where: str = "state dict") -> None:
    """Takes a torch state dict into a model; nothing changes unless all of it fits.

    Args:
        model: one that has `torch_keys`.
        state: torch keys -> arrays in torch's layouts; either spelling of weight normalisation.
        where: the name of the source, for messages.

    Raises:
        WeightError: naming a missing key, an extra key, a tensor whose shape or type differs, with both sides, or tied
            tensors that are not equal.
    """
    declared = entries(model)
    expected = _crossing(declared)
    state = older_spelling(state, where)
    _check_keys(model, declared, state, where)
    for entry in expected:
        _check_tensors(entry, state, where)
    for entry in expected:
        entry.assign(_joined(entry, state, where))
    for item in declared:
        if isinstance(item, Constant):
            item.assign()


def _crossing(declared: list[Declared]) -> list[Entry]:
    return [item for item in declared if isinstance(item, Entry)]


def _check_keys(model: keras.Model, declared: list[Declared], state: dict[str, np.ndarray], where: str) -> None:
    needed = [key for entry in _crossing(declared) for key in entry.keys]
    ignored = torch_keys(model).ignored | {item.key for item in declared if isinstance(item, Ignored)}
    known = ignored.union(needed)
    extra = [key for key in state if key not in known]
    missing = [key for key in needed if key not in state]
    name = getattr(model, "name_in_presets", model.name)
    if missing:
        raise WeightError(f"{where}: no tensor {missing[0]!r}{_and_more(missing)}, which {name} needs{_hint(extra)}")
    if extra:
        raise WeightError(f"{where}: tensor {extra[0]!r}{_and_more(extra)} has no place in {name}")


def _check_tensors(entry: Entry, state: dict[str, np.ndarray], where: str) -> None:
    paths = ", ".join(variable.path for variable in entry.variables)
    dtype = np.dtype(entry.variables[0].dtype)
    for key, shape in zip(entry.keys, entry.torch_shapes, strict=True):
        array = state[key]
        if tuple(array.shape) != shape:
            raise WeightError(f"{where}: {key} has shape {tuple(array.shape)}, the model's {paths} wants {shape}")
        if (array.dtype.kind == "f") != (dtype.kind == "f"):
            raise WeightError(f"{where}: {key} is {array.dtype}, the model's {paths} {dtype}")
    _joined(entry, state, where)


def _joined(entry: Entry, state: dict[str, np.ndarray], where: str) -> np.ndarray:
    try:
        return entry.join([state[key] for key in entry.keys])
    except WeightError as error:
        raise WeightError(f"{where}: {error}") from None


def _and_more(keys: list[str]) -> str:
    return f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""


def _hint(extra: list[str]) -> str:
    return f"; it has {extra[0]!r}, which is unknown" if extra else ""
