"""The `config.json` that earlier versions wrote, in today's form: what the families of vocoders share."""

from typing import Any

from tfvc.common.errors import TfvcError


def fused_beside_config(content: dict[str, Any]) -> dict[str, Any]:
    """Takes the field `weight_norm` out of the configuration; where it was false, the model is `fused`.

    Args:
        content: of a `config.json`; one of today is returned as it is.

    Raises:
        TfvcError: if the field is neither true nor false.
    """
    config = dict(content["config"])
    if "weight_norm" not in config:
        return content
    normed = config.pop("weight_norm")
    if not isinstance(normed, bool):
        raise TfvcError(f"weight_norm must be true or false, received {normed!r}")
    return {**content, "config": config} if normed else {**content, "config": config, "fused": True}
