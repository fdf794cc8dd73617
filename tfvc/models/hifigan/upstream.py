"""jik876/hifi-gan's `config.json`: one file for the generator, the mel front-end and the training."""

import dataclasses
from pathlib import Path
from typing import Any

from tfvc.audio import MelSpec, named_spec
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.hifigan.config import HiFiGANConfig
from tfvc.models.hifigan.discriminator_config import HiFiGANDiscriminatorConfig

_NETWORK = (
    "resblock",
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)
# Upstream's name -> ours.
_MEL = {
    "num_mels": "n_mels",
    "n_fft": "n_fft",
    "hop_size": "hop",
    "win_size": "win",
    "sampling_rate": "sample_rate",
    "fmin": "fmin",
    "fmax": "fmax",
}


def read_generator_config(path: Path) -> tuple[HiFiGANConfig, MelSpec]:
    """The generator's sizes and the mels it takes, from a `config.json` of upstream; the rest of it is for training.

    Raises:
        TfvcError: if the file cannot be read, a field is missing or not what upstream would have there, or the
            upsampling does not make a hop of a frame.
    """
    content = read_object(path, "upstream's config.json")
    if missing := [name for name in (*_NETWORK, *_MEL) if name not in content]:
        raise TfvcError(f"{path}: the field {missing[0]!r} of upstream's config.json is missing")
    # ResBlock "1" is written with and without quotes.
    sizes = {name: content[name] for name in _NETWORK} | {"resblock": str(content["resblock"])}
    config = HiFiGANConfig.from_dict(HiFiGANConfig().to_dict() | sizes | {"n_mels": content["num_mels"]}, str(path))
    spec = _mel_spec({ours: content[theirs] for theirs, ours in _MEL.items()}, path)
    if config.hop != spec.hop:
        raise TfvcError(
            f"{path}: upsample_rates {config.upsample_rates} make {config.hop} samples of a frame, hop_size is "
            f"{spec.hop}; change one so that the product of the rates is the hop"
        )
    return config, spec


def _mel_spec(fields: dict[str, Any], path: Path) -> MelSpec:
    """Upstream's `mel_spectrogram` with these sizes: it mirrors (n_fft - hop) / 2 samples at each end."""
    try:
        fields["fmax"] = fields["sample_rate"] / 2 if fields["fmax"] is None else fields["fmax"]
        pad = int((fields["n_fft"] - fields["hop"]) / 2)
        return dataclasses.replace(named_spec("hifigan_22k"), pad=pad, **fields)
    except (TypeError, TfvcError) as error:
        raise TfvcError(f"{path}: {error}") from None


def read_discriminator_config(path: Path) -> tuple[HiFiGANDiscriminatorConfig, MelSpec]:
    """Upstream's discriminators are always the same; their front-end is the generator's."""
    return HiFiGANDiscriminatorConfig(), read_generator_config(path)[1]
