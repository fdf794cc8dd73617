"""Models that live in a folder: `<preset>/{config.json, mel.json, model.weights.h5, training.json}`.

What else a model reads stands beside `mel.json`: see `PresetModel.inputs`.
"""

import json
import os
from pathlib import Path
from typing import Any, ClassVar, Self

import keras

from tfvc.audio import MelSpec
from tfvc.common.atomic import atomic_dir
from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import write_object
from tfvc.models.locations import find_preset
from tfvc.weights.h5 import load_weights, save_weights
from tfvc.weights.torch_keys import TorchKeys


class PresetModel(keras.Model):
    """A `keras.Model` with a configuration, a mel front-end, and a folder to live in.

    A subclass sets `name_in_presets`, `config_class` and `torch_keys`, and creates all its variables in `__init__`.

    Args:
        config: what defines the model.
        mel_spec: the front-end whose mels it takes; None if that is left open (a fresh, untrained network).
    """

    name_in_presets: ClassVar[str]
    config_class: ClassVar[type[Config]]
    torch_keys: ClassVar[TorchKeys]

    def __init__(self, config: Config, mel_spec: MelSpec | None = None, **kwargs):
        super().__init__(**kwargs)
        self.config = config
        self.mel_spec = mel_spec

    @classmethod
    def from_name(cls, name: str, config: Config | None = None, mel_spec: MelSpec | None = None, **kwargs) -> Self:
        """A model of a named architecture with fresh weights, on the inputs that this architecture is used with.

        Args:
            name: of the architecture.
            config: in place of the named one, where some of its fields are changed.
            mel_spec: in place of the architecture's own.
        """
        spec = MelSpec.named(cls.config_class.mels[name]) if name in cls.config_class.mels else None
        inputs = {**cls.inputs_of_name(name), **kwargs}
        return cls(config or cls.config_class.from_name(name), mel_spec or spec, **inputs)

    @classmethod
    def from_preset(cls, name_or_path: str | os.PathLike, **kwargs) -> Self:
        """Loads a model with its weights.

        Args:
            name_or_path: a folder, or a name that is looked up in the repository's `checkpoints/`, in
                `$TFVC_CHECKPOINTS` and in the user's cache.

        Raises:
            TfvcError: if there is no such preset, it holds another kind of model, or a file of it is damaged.
        """
        folder, config, spec = cls.read_preset(name_or_path)
        model = cls(config, spec, **{**cls.read_inputs(folder), **kwargs})
        load_weights(model, folder / "model.weights.h5")
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

    def notes(self) -> list[str]:
        """What whoever puts the model to use should know, a line each; commands print them."""
        return []

    @classmethod
    def read_preset(cls, name_or_path: str | os.PathLike) -> tuple[Path, Config, MelSpec]:
        """A preset without its weights: its folder, its configuration and its mel front-end.

        Raises:
            TfvcError: as `from_preset` does.
        """
        folder = find_preset(name_or_path)
        kind, config = read_config(folder)
        if kind != cls.name_in_presets:
            raise TfvcError(
                f"{folder}: holds a {kind} model, not {cls.name_in_presets}; give a {kind} command this preset"
            )
        spec = MelSpec.from_json(read_text(folder / "mel.json"))
        values = cls.config_class.from_dict(config, str(folder / "config.json"))
        check_mels(values, spec, str(folder))
        return folder, values, spec

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
            config = {"model": self.name_in_presets, "config": self.config.to_dict()}
            (temporary / "config.json").write_text(json.dumps(config, indent=2) + "\n")
            (temporary / "mel.json").write_text(self.mel_spec.to_json())
            for name, content in self.inputs().items():
                write_object(temporary / f"{name}.json", content)
            save_weights(self, temporary / "model.weights.h5", half=half)
            if training is not None:
                (temporary / "training.json").write_text(json.dumps(training, indent=2) + "\n")


def check_mels(config: Config, spec: MelSpec, where: str) -> None:
    """Refuses a network and a mel front-end that do not fit in what both state: `n_mels`, and the `hop` of vocoders.

    Raises:
        TfvcError: naming the field and both values.
    """
    for name in ("n_mels", "hop"):
        ours, theirs = getattr(config, name, None), getattr(spec, name)
        if ours is not None and ours != theirs:
            raise TfvcError(f"{where}: the model's {name} is {ours}, its mel spec's {theirs}; they must be equal")


def read_config(folder: Path) -> tuple[str, dict[str, Any]]:
    """The kind of model in a preset and the fields of its configuration."""
    path = folder / "config.json"
    try:
        content = json.loads(read_text(path))
        kind, config = content["model"], content["config"]
    except (ValueError, KeyError, TypeError):
        raise TfvcError(f"{path}: not a preset's configuration; expected {{'model': ..., 'config': ...}}") from None
    if not isinstance(config, dict):
        raise TfvcError(f"{path}: 'config' must be an object of fields")
    return kind, config


def read_text(path: Path) -> str:
    """A preset's text file, or one line about why not."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TfvcError(f"{path}: missing; the folder is not a whole preset") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TfvcError(f"{path}: cannot be read ({error})") from None
