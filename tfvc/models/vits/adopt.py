"""A VITS from the files of upstream, Hugging Face, coqui and Piper."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfvc.common.errors import TfvcError
from tfvc.models.adopted import Adopted
from tfvc.models.vits.config import VITSConfig
from tfvc.models.vits.layouts.published import Published
from tfvc.models.vits.layouts.reading import Outside, from_onnx_file, from_torch, read_state_dict
from tfvc.models.vits.tables import check_scales
from tfvc.models.vits.upstream import linear_spec

# What is under weight normalisation upstream.
_WAVENET = r".+\.enc\.((in_layers|res_skip_layers)\.\d+|cond_layer)"
_NORMALIZED = re.compile(rf"(dec\.(ups|resblocks)\..+|{_WAVENET})\.weight")
# Upstream's names of arguments of `infer` -> ours.
_SCALES = {
    "noise_scale": "noise_scale",
    "noise_scale_w": "duration_noise_scale",
    "length_scale": "length_scale",
}
_ASSUMED = (
    "assumed the symbols and the sample rate of the named architecture, which no weight file tells; --config ... if "
    "the voice has a configuration"
)
_SPECTROGRAM = ("sampling_rate", "filter_length", "hop_length", "win_length")


def adopt_torch(state: dict[str, np.ndarray], content: Mapping[str, Any], file: Path, config: Path | None) -> Adopted:
    """A checkpoint of PyTorch, in whichever layout.

    Args:
        state: the state dict in it.
        content: all that is in it.
        file: its path.
        config: path of its configuration; None where the architecture is named instead.

    Raises:
        TfvcError: if file and configuration do not belong together, or one of them is damaged.
    """
    if config is None:
        return Adopted(uniform(read_state_dict(state, file)[1]), notes=(_ASSUMED,))
    return _adopted(from_torch(state, content, file, config), config)


def adopt_onnx(file: Path, config: Path) -> Adopted:
    """A voice of Piper.

    Raises:
        TfvcError: if a file is damaged or of another kind.
    """
    return _adopted(from_onnx_file(file, config), config)


def uniform(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state dict with weight normalisation everywhere, where it is in places.

    Hugging Face's has the decoder's computed and the wavenets' not. A kernel becomes its own direction, with its
    lengths along the first axis: what comes out of the two is the kernel, but for rounding.
    """
    if not any(key.endswith(".weight_g") for key in state):
        return state
    found: dict[str, np.ndarray] = {}
    for key, value in state.items():
        if _NORMALIZED.fullmatch(key):
            flat = value.reshape(len(value), -1).astype(np.float64)
            lengths = np.sqrt((flat**2).sum(axis=1)).astype(value.dtype).reshape(-1, *(1,) * (value.ndim - 1))
            found[f"{key}_g"] = lengths
            # What is all zeros has no direction: any will do, but 0 / 0.
            found[f"{key}_v"] = np.where(lengths == 0, np.ones_like(value), value)
        else:
            found[key] = value
    return found


def _adopted(outside: Outside, path: Path) -> Adopted:
    published = outside.published
    try:
        spec = linear_spec(*(published.data[name] for name in _SPECTROGRAM))
    except (TypeError, TfvcError) as error:
        raise TfvcError(f"{path}: {error}") from None
    sizes = VITSConfig().to_dict() | published.model | {"spec_channels": spec.n_mels}
    config = VITSConfig.from_dict(sizes, str(path))
    if config.hop != spec.hop:
        raise TfvcError(
            f"{path}: upsample_rates {config.upsample_rates} make {config.hop} samples of a frame, not {spec.hop}"
        )
    _check_ids(published, config, path)
    symbols = published.front_end and published.front_end.to_dict()
    speaking = {ours: published.inference[theirs] for theirs, ours in _SCALES.items() if theirs in published.inference}
    check_scales(speaking, f"{path}: what the voice is spoken with")
    inputs = {"symbols": symbols, "speakers": published.speakers or None, "speaking": speaking or None}
    return Adopted(uniform(outside.state), config, spec, inputs, published.notes)


def _check_ids(published: Published, config: VITSConfig, path: Path) -> None:
    symbols, speakers = published.front_end, published.speakers
    if symbols is not None and symbols.largest_id >= config.n_vocab:
        raise TfvcError(f"{path}: a symbol has the id {symbols.largest_id}, the network {config.n_vocab} symbols")
    if speakers and max(speakers.values()) >= max(config.n_speakers, 1):
        largest = max(speakers.values())
        raise TfvcError(f"{path}: a speaker has the id {largest}, the network {config.n_speakers} speakers")
