"""Models that Keras can clone, save and load: what is given to their constructor is their configuration."""

from typing import Any, ClassVar, Self

import keras

from tfvc.common.config import Config


class Configured(keras.Model):
    """A `keras.Model` that is defined by a `Config`. A subclass sets `config_class`, and is registered with Keras.

    Args:
        config: what defines the model.
    """

    config_class: ClassVar[type[Config]]

    def __init__(self, config: Config, **kwargs):
        super().__init__(**kwargs)
        self.config = config

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": self.config.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        model = cls(**{**config, "config": cls.config_class.from_dict(plain(config["config"]), cls.__name__)})
        if not model.built:  # a part of another model, which builds it in its own time
            model.build()
        return model

    def get_build_config(self) -> None:
        """Nothing: `from_config` gives a built model, whose variables the configuration alone decides."""


def plain(serialized: Any) -> Any:
    """What Keras has made of dicts, lists and tuples, as they were."""
    return keras.saving.deserialize_keras_object(serialized)
