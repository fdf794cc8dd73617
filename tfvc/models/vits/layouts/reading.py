"""Files of others: told by their tensors and their configuration, and brought into upstream's form."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.vits.layouts import coqui_config, huggingface_config, piper_config, upstream_config
from tfvc.models.vits.layouts.coqui import from_coqui
from tfvc.models.vits.layouts.huggingface import from_huggingface
from tfvc.models.vits.layouts.piper import LIGHTNING, from_onnx
from tfvc.models.vits.layouts.published import Published
from tfvc.weights import WeightError
from tfvc.weights.onnx_reader import read_onnx

_TABLES = {
    "enc_p.emb.weight": "upstream",
    "text_encoder.embed_tokens.weight": "Hugging Face",
    "text_encoder.emb.weight": "coqui",
    "model_g.enc_p.emb.weight": "Piper",
}


@dataclass(frozen=True)
class Outside:
    """A model from outside.

    Attributes:
        state: the weights under upstream's keys, `weight_g` and `weight_v` where the file has them.
        published: what the configuration says.
    """

    state: dict[str, np.ndarray]
    published: Published


def read_state_dict(state: dict[str, np.ndarray], file: Path) -> tuple[str, dict[str, np.ndarray]]:
    """Whose layout a state dict has, and the state dict under upstream's keys.

    Raises:
        WeightError: if it has no table of symbols by any known name, or tensors that its layout has not.
    """
    layout = next((layout for key, layout in _TABLES.items() if key in state), None)
    if layout is None:
        raise WeightError(f"{file}: no VITS; its table of symbols would be one of {', '.join(_TABLES)}")
    convert = {"Hugging Face": from_huggingface, "coqui": from_coqui, "Piper": LIGHTNING}.get(layout)
    return layout, state if convert is None else convert(state, str(file))


def from_torch(state: dict[str, np.ndarray], content: Mapping[str, Any], file: Path, config: Path) -> Outside:
    """A checkpoint of PyTorch with its configuration.

    Args:
        state: the state dict in the file.
        content: all that is in it; Piper's checkpoints have the network's sizes beside it.
        file: where they come from.
        config: upstream's, Hugging Face's or coqui's `config.json`, or the JSON of Piper.

    Raises:
        TfvcError: if file and configuration are not of one layout, or one of them is damaged.
    """
    layout, state = read_state_dict(state, file)
    told = read_object(config, "the configuration of a VITS")
    given = _layout_of(told)
    if given != layout:
        whose = f"of {given}" if given else "of none that is known"
        raise TfvcError(f"{config}: a configuration {whose}, and {file} has the layout of {layout}; give its own")
    rows = {name: len(state[key]) if key in state else 0 for name, key in _ROWS.items()}
    if layout == "upstream":
        return Outside(state, upstream_config.published(config, rows["symbols"]))
    if layout == "Hugging Face":
        return Outside(state, huggingface_config.published(told, config))
    if layout == "coqui":
        return Outside(state, coqui_config.published(told, config, **rows))
    settings = content.get("hyper_parameters")
    sizes = piper_config.trained_sizes(settings, file, **rows)
    return Outside(state, piper_config.voice(told, config, sizes, settings))


_ROWS = {"symbols": "enc_p.emb.weight", "speakers": "emb_g.weight"}


def from_onnx_file(file: Path, config: Path) -> Outside:
    """A voice of Piper: its ONNX and the JSON beside it.

    Raises:
        TfvcError: if one is damaged or of another kind.
    """
    told = read_object(config, "the JSON of a Piper voice")
    if _layout_of(told) != "Piper":
        raise TfvcError(f"{config}: not the JSON of a Piper voice, which has a phoneme_id_map")
    state, found = from_onnx(read_onnx(file), str(file))
    sizes = piper_config.sizes(state, found.modules, str(file))
    return Outside(state, piper_config.voice(told, config, sizes))


def _layout_of(config: Mapping[str, Any]) -> str | None:
    """Whose a configuration is."""
    if "phoneme_id_map" in config:
        return "Piper"
    if "model_args" in config:
        return "coqui"
    if config.get("model_type") == "vits":
        return "Hugging Face"
    return "upstream" if isinstance(config.get("model"), dict) else None
