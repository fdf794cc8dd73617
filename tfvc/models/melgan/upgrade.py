"""Presets of MelGAN from the time when one configuration was for both MelGANs."""

from typing import Any

from tfvc.common.errors import TfvcError
from tfvc.models.earlier_presets import fused_beside_config

# The field `shape` -> what its networks are called today.
_NETWORKS = {
    "descript": {"melgan": "melgan", "melgan_discriminator": "melgan_discriminator"},
    "keras_io": {"melgan": "melgan_keras_io", "melgan_discriminator": "melgan_keras_io_discriminator"},
}


def upgrade(content: dict[str, Any]) -> dict[str, Any]:
    """A `config.json` in today's form: `shape` is in the model's name, `weight_norm` beside the configuration.

    Args:
        content: of a `config.json`; one of today is returned as it is.

    Raises:
        TfvcError: if a field is not what those versions wrote.
    """
    config = dict(content["config"])
    if "shape" not in config:
        return content
    shape = config.pop("shape")
    if not isinstance(shape, str) or shape not in _NETWORKS:
        raise TfvcError(f"shape must be one of {', '.join(_NETWORKS)}, received {shape!r}")
    return fused_beside_config({**content, "model": _NETWORKS[shape][content["model"]], "config": config})
