"""jaywalnut310/vits's `config.json`, and that of OpenVoice's converter: one file for network, audio and training."""

import dataclasses
from pathlib import Path
from typing import Any

from tfvc.audio import MelSpec, named_spec
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.vits.config import ConversionConfig, VITSConfig
from tfvc.models.vits.tone_config import ToneConverterConfig

# Upstream's names of what a spectrogram is made with -> ours.
_SPECTROGRAM = {"sampling_rate": "sample_rate", "filter_length": "n_fft", "hop_length": "hop", "win_length": "win"}
_NETWORK = (
    "inter_channels",
    "hidden_channels",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "upsample_rates",
    "upsample_initial_channel",
    "upsample_kernel_sizes",
)
_TEXT = ("filter_channels", "n_heads", "n_layers", "kernel_size", "p_dropout")
_MAY_BE_ABSENT = ("gin_channels",)
# Upstream reads these and does nothing with them in the generator, or asks for them elsewhere in the file.
_WITHOUT_EFFECT = ("n_layers_q", "use_spectral_norm", "n_speakers", "n_vocab", "spec_channels", "segment_size")


def read_config(path: Path) -> tuple[VITSConfig, MelSpec]:
    """The sizes of a VITS and its spectrogram, from a `config.json` of upstream or of what is written like it.

    How many symbols there are is the length of `symbols`, where the file has them, or upstream's 178. One speaker is
    none to tell apart, and has no table.

    Raises:
        TfvcError: if the file cannot be read, a field is missing or not what upstream would have there, the model has
            fields that upstream's has not, or the upsampling does not make a hop of a frame.
    """
    content, data, model = _sections(path)
    sizes = _sizes(path, model, (*_NETWORK, *_TEXT), ("use_sdp",))
    speakers = data.get("n_speakers", model.get("n_speakers", 0))
    sizes["n_speakers"] = 0 if speakers == 1 else speakers
    symbols = content.get("symbols")
    sizes["n_vocab"] = len(symbols) if isinstance(symbols, list | str) else model.get("n_vocab", VITSConfig().n_vocab)
    return _with_spectrogram(path, VITSConfig(), sizes, data)


def read_tone_config(path: Path) -> tuple[ToneConverterConfig, MelSpec]:
    """The sizes of OpenVoice's converter and its spectrogram, from its `config.json`.

    Raises:
        TfvcError: as `read_config` does, and if it is of a model that speaks.
    """
    _, data, model = _sections(path)
    if data.get("n_speakers", 0) != 0:
        raise TfvcError(f"{path}: n_speakers is {data['n_speakers']}, a converter's is 0; is this a speaking model's?")
    sizes = _sizes(path, model, _NETWORK, ("zero_g", *_TEXT))
    sizes = {name: value for name, value in sizes.items() if name not in _TEXT}
    return _with_spectrogram(path, ToneConverterConfig(), sizes, data)


def _sections(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    content = read_object(path, "upstream's config.json")
    for section in ("data", "model"):
        if not isinstance(content.get(section), dict):
            raise TfvcError(f"{path}: the section {section!r} of upstream's config.json is missing")
    return content, content["data"], content["model"]


def _sizes(path: Path, model: dict[str, Any], needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    if missing := [name for name in needed if name not in model]:
        raise TfvcError(f"{path}: the field 'model.{missing[0]}' of upstream's config.json is missing")
    known = (*needed, *optional, *_MAY_BE_ABSENT)
    for name, value in model.items():
        if name not in (*known, *_WITHOUT_EFFECT) and value:
            raise TfvcError(
                f"{path}: model.{name} is {value!r}, which upstream's VITS has not; a network that needs it is another "
                "one, remove the field if this does not"
            )
    sizes = {name: model[name] for name in known if name in model}
    return sizes | {"resblock": str(sizes["resblock"])}  # written with and without quotes


def _with_spectrogram(
    path: Path, defaults: ConversionConfig, sizes: dict[str, Any], data: dict[str, Any]
) -> tuple[Any, MelSpec]:
    if missing := [name for name in _SPECTROGRAM if name not in data]:
        raise TfvcError(f"{path}: the field 'data.{missing[0]}' of upstream's config.json is missing")
    try:
        spec = linear_spec(**{ours: data[theirs] for theirs, ours in _SPECTROGRAM.items()})
    except (TypeError, TfvcError) as error:
        raise TfvcError(f"{path}: {error}") from None
    config = type(defaults).from_dict(defaults.to_dict() | sizes | {"spec_channels": spec.n_mels}, str(path))
    if config.hop != spec.hop:
        raise TfvcError(
            f"{path}: upsample_rates {config.upsample_rates} make {config.hop} samples of a frame, hop_length is "
            f"{spec.hop}; change one so that the product of the rates is the hop"
        )
    return config, spec


def linear_spec(sample_rate: int, n_fft: int, hop: int, win: int) -> MelSpec:
    """Upstream's `spectrogram_torch` with these sizes: it mirrors (n_fft - hop) / 2 samples at each end."""
    sizes = {"sample_rate": sample_rate, "n_fft": n_fft, "hop": hop, "win": win}
    return dataclasses.replace(
        named_spec("vits_22k"), n_mels=n_fft // 2 + 1, fmax=sample_rate / 2, pad=(n_fft - hop) // 2, **sizes
    )
