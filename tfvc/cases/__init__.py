"""The comparisons that come with tfvc, and how to find one by name."""

import importlib
from collections.abc import Callable
from dataclasses import replace

from tfvc.cases import layers
from tfvc.cases.autovc import autovc
from tfvc.cases.hifigan import hifigan_generator, published
from tfvc.cases.melgan import melgan
from tfvc.cases.speaker_encoder import speaker_encoder
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVCConfig
from tfvc.models.hifigan import HiFiGANConfig
from tfvc.models.melgan import MelGANConfig
from tfvc.models.speaker_encoder import SpeakerEncoderConfig
from tfvc.parity.case import ParityCase

BUILT_IN: dict[str, Callable[[], ParityCase]] = {
    "dense": layers.dense,
    "conv1d": layers.conv1d,
    "conv1d_transpose": layers.conv1d_transpose,
    "grouped_conv1d": layers.grouped_conv1d,
    "column_conv2d": layers.column_conv2d,
    "weight_norm": lambda: layers.weight_norm(layers.conv1d()),
    "spectral_norm": lambda: layers.spectral_norm(layers.conv1d()),
    "average_pool1d": layers.average_pool1d,
    "batch_norm": layers.batch_norm,
    "lstm": layers.lstm,
    "ge2e": lambda: speaker_encoder(SpeakerEncoderConfig.from_name("ge2e")),
    "dvector": lambda: speaker_encoder(SpeakerEncoderConfig.from_name("dvector")),
    # 50 frames are no multiple of freq.
    "autovc_small": lambda: autovc(AutoVCConfig.from_name("small"), frames=50),
    "autovc_article": lambda: autovc(AutoVCConfig.from_name("article")),
    # 120 frames are no multiple of freq, and short enough for five steps in a minute or so.
    "autovc_official": lambda: autovc(AutoVCConfig.from_name("official"), frames=120),
    "melgan_descript": lambda: melgan(MelGANConfig.from_name("descript")),
    "melgan_keras_io": lambda: melgan(MelGANConfig.from_name("keras_io")),
    "hifigan_v1": lambda: published("v1"),
    "hifigan_v2": lambda: published("v2"),
    "hifigan_v3": lambda: published("v3"),
    "hifigan_v1_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v1")),
    "hifigan_v2_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v2")),
    "hifigan_v3_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v3")),
}


def find_case(name: str) -> ParityCase:
    """A built-in case, or one of another package as `module:attribute` (a `ParityCase` or what makes one).

    Raises:
        TfvcError: if there is none of that name.
    """
    if name in BUILT_IN:
        return replace(BUILT_IN[name](), name=name)
    module_name, colon, attribute = name.partition(":")
    if not colon:
        raise TfvcError(f"no parity case {name!r}: choose from {', '.join(BUILT_IN)}, or give module:case")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise TfvcError(f"parity case {name!r} cannot be loaded: {error}") from error
    case = found if isinstance(found, ParityCase) else found() if callable(found) else found
    if not isinstance(case, ParityCase):
        raise TfvcError(f"{name} is a {type(case).__name__}, not a ParityCase or a function that makes one")
    return case
