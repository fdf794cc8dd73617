"""Models that live in a folder: `<preset>/{config.json, mel.json, model.weights.h5, training.json}`.

What else a model reads stands beside `mel.json`: see `PresetModel.inputs`.
"""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from tfvc.audio import MelSpec, named_spec
from tfvc.common.atomic import atomic_dir
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object, write_object
from tfvc.common.plugins import load_object
from tfvc.models.configured import Configured, plain
from tfvc.models.family import networks
from tfvc.models.locations import find_preset
from tfvc.weights.h5 import load_weights, save_weights
from tfvc.weights.torch_keys import TorchKeys
from tfvc.weights.weight_norm import is_fused


@dataclass(frozen=True)
class Preset:
    """A preset without its weights.

    Attributes:
        folder: where it lies.
        config: of the model.
        mel_spec: the front-end whose mels it takes.
        states: those of the model's `states` in which it is not as it was first made, such as `{"fused": True}`.
    """

    folder: Path
    config: Config
    mel_spec: MelSpec
    states: dict[str, bool]


class PresetModel(Configured):
    """A `keras.Model` with a configuration, a mel front-end, and a folder to live in.

    A subclass sets `name_in_presets`, `config_class` and `torch_keys`, and creates all its variables in `__init__`.
    What can be done to a network without making it another architecture is one of its `states`: an argument of its
    constructor by name, False unless given, and an attribute.

    Args:
        config: what defines the model.
        mel_spec: the front-end whose mels it takes; None if that is left open (a fresh, untrained network).
    """

    name_in_presets: ClassVar[str]
    torch_keys: ClassVar[TorchKeys]
    states: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: Config, mel_spec: MelSpec | None = None, **kwargs):
        states = {name: kwargs.pop(name, False) for name in self.states}
        super().__init__(config, **kwargs)
        self.mel_spec = mel_spec
        for name, value in states.items():
            setattr(self, name, value)

    def get_config(self) -> dict[str, Any]:
        spec = self.mel_spec and dataclasses.asdict(self.mel_spec)
        return {**super().get_config(), "mel_spec": spec, **self._states()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        spec = config["mel_spec"] and MelSpec(**plain(config["mel_spec"]))
        return super().from_config({**config, "mel_spec": spec})

    @classmethod
    def from_name(cls, name: str, config: Config | None = None, mel_spec: MelSpec | None = None, **kwargs) -> Self:
        """A model of a named architecture with fresh weights, on the inputs that this architecture is used with.

        Args:
            name: of the architecture.
            config: in place of the named one, where some of its fields are changed.
            mel_spec: in place of the architecture's own.
        """
        spec = named_spec(cls.config_class.mels[name]) if name in cls.config_class.mels else None
        inputs = {**cls.inputs_of_name(name), **kwargs}
        return cls(config or cls.config_class.from_name(name), mel_spec or spec, **inputs)

    @classmethod
    def from_preset(cls, name_or_path: str | os.PathLike, **kwargs) -> Self:
        """Loads a model with its weights.

        Args:
            name_or_path: a folder, or a name that is looked up in `$TFVC_CHECKPOINTS`, among the bundled presets and in
                the user's cache.

        Raises:
            TfvcError: if there is no such preset, it holds another kind of model, or a file of it is damaged.
        """
        preset = cls.read_preset(name_or_path)
        inputs = {**cls.read_inputs(preset.folder), **preset.states, **kwargs}
        model = cls(preset.config, preset.mel_spec, **inputs)
        load_weights(model, preset.folder / "model.weights.h5")
        return model

    def inputs(self) -> dict[str, dict[str, Any]]:
        """What the model reads beside mels, as far as it is known: name -> content of `<name>.json` in a preset."""
        return {}

    @classmethod
    def read_inputs(cls, folder: Path) -> dict[str, Any]:
        """Reads what `inputs` says: arguments of the constructor. Raises TfvcError for a damaged file."""
        return {}

    @classmethod
    def inputs_of_name(cls, name: str) -> dict[str, Any]:
        """What a named architecture is used with beside its mels: arguments of the constructor."""
        return {}

    @classmethod
    def states_in(cls, state: dict[str, np.ndarray]) -> dict[str, bool]:
        """In which of its states a model must be to take a torch state dict."""
        return {"fused": is_fused(state)} if "fused" in cls.states else {}

    def notes(self) -> list[str]:
        """What whoever puts the model to use should know, a line each; commands print them."""
        return []

    @classmethod
    def read_preset(cls, name_or_path: str | os.PathLike) -> Preset:
        """A preset without its weights.

        Raises:
            TfvcError: as `from_preset` does.
        """
        folder = find_preset(name_or_path)
        kind, fields, states = read_config(folder)
        if kind != cls.name_in_presets:
            raise TfvcError(
                f"{folder}: holds a {kind} model, not {cls.name_in_presets}; give a {kind} command this preset"
            )
        where = str(folder / "config.json")
        for name, value in states.items():
            if name not in cls.states or not isinstance(value, bool):
                known = ", ".join(cls.states) or "nothing"
                raise TfvcError(f"{where}: {name} is {value!r}; beside its config, {kind} has {known}, true or false")
        config = cls.config_class.from_dict(fields, where)
        spec = MelSpec.load(folder / "mel.json")
        check_mels(config, spec, str(folder))
        return Preset(folder, config, spec, states)

    def save_to_preset(
        self, folder: str | os.PathLike, training: dict[str, Any] | None = None, half: bool = False
    ) -> None:
        """Writes the preset, whole or not at all.

        Args:
            folder: created, or replaced if it is a preset already.
            training: the training record, written to `training.json`.
            half: store kernels as float16; vectors (biases, statistics) stay float32.

        Raises:
            TfvcError: if `folder` exists and is not a preset, or if the model has no mel front-end, or one whose mels
                it cannot take.
        """
        folder = Path(folder)
        if self.mel_spec is None:
            raise TfvcError(f"{folder}: the model has no mel spec; give it one before saving")
        check_mels(self.config, self.mel_spec, str(folder))
        if folder.exists() and not (folder / "config.json").exists() and any(folder.iterdir()):
            raise TfvcError(f"{folder}: exists and is not a preset; choose another folder")
        with atomic_dir(folder) as temporary:
            config = {"model": self.name_in_presets, "config": self.config.to_dict(), **self._states()}
            write_object(temporary / "config.json", config)
            (temporary / "mel.json").write_text(self.mel_spec.to_json())
            for name, content in self.inputs().items():
                write_object(temporary / f"{name}.json", content)
            save_weights(self, temporary / "model.weights.h5", half=half)
            if training is not None:
                write_object(temporary / "training.json", training)

    def _states(self) -> dict[str, bool]:
        return {name: True for name in self.states if getattr(self, name)}


def check_mels(config: Config, spec: MelSpec, where: str) -> None:
    """Refuses a network and a mel front-end that do not fit in what both state: `n_mels`, and the `hop` of vocoders.

    Raises:
        TfvcError: naming the field and both values.
    """
    for name in ("n_mels", "hop"):
        ours, theirs = getattr(config, name, None), getattr(spec, name)
        if ours is not None and ours != theirs:
            raise TfvcError(f"{where}: the model's {name} is {ours}, its mel spec's {theirs}; they must be equal")


def read_config(folder: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """What a preset's `config.json` says: the model's name, the fields of its configuration, and its states.

    What an earlier version wrote is brought into today's form by the model's family.
    """
    path = folder / "config.json"
    content = read_object(path, "a preset's configuration")
    if not {"model", "config"} <= content.keys():
        raise TfvcError(f"{path}: not a preset's configuration; expected {{'model': ..., 'config': ...}}")
    kind, config = content["model"], content["config"]
    if not isinstance(kind, str) or not isinstance(config, dict):
        raise TfvcError(f"{path}: 'model' must be a name and 'config' an object of fields")
    record = networks().get(kind)
    if record is not None and record.upgrade is not None:
        try:
            content = load_object(record.upgrade)(content)
        except TfvcError as problem:
            raise TfvcError(f"{path}: {problem}") from None
    states = {name: value for name, value in content.items() if name not in ("model", "config")}
    return content["model"], content["config"], states
