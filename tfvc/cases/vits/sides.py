"""What the cases of VITS share: the torch side's sizes, layouts, drawn inputs."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tfvc.cases.reference import reference
from tfvc.models.vits.config import ConversionConfig, VITSConfig
from tfvc.models.vits.text_encoder import sequence_mask
from tfvc.models.vits.tone_config import ToneConverterConfig
from tfvc.parity.case import Tensors
from tfvc.weights import Declared, entries_of

FRAMES = np.array([13, 8], np.int32)
SYMBOLS = np.array([7, 4], np.int32)
BATCH = len(FRAMES)


def decoder_sizes(config: ConversionConfig) -> dict[str, Any]:
    """Of `torch_ref.vits.Decoder`, beside its channels and those of the condition."""
    sizes = config.decoder.to_dict()
    sizes.pop("n_mels")
    return sizes


def conversion_sizes(config: ConversionConfig) -> dict[str, Any]:
    """Of `torch_ref.vits.Converter`."""
    return {
        "decoder": decoder_sizes(config),
        "bins": config.spec_channels,
        "channels": config.inter_channels,
        "hidden": config.hidden_channels,
        "gin": config.gin_channels,
        "posterior_layers": config.posterior_layers,
        "flow_layers": config.flow_layers,
        "flows": config.n_flows,
        "wavenet_kernel": config.wavenet_kernel_size,
    }


def text_sizes(config: VITSConfig) -> dict[str, Any]:
    """Of `torch_ref.vits.TextEncoder`, beside what is in `conversion_sizes`."""
    return {
        "n_vocab": config.n_vocab,
        "filters": config.filter_channels,
        "heads": config.n_heads,
        "layers": config.n_layers,
        "kernel": config.kernel_size,
        "window": config.window_size,
        "dropout": config.p_dropout,
    }


def torch_vits(config: VITSConfig) -> Any:
    """The reference of the whole model."""
    return reference("vits").VITS(
        **text_sizes(config),
        **conversion_sizes(config),
        n_speakers=config.n_speakers,
        embedding=config.embedding_size,
        projected=config.project_embedding,
        stochastic=config.use_sdp,
        duration_filters=config.duration_filters,
        duration_flows=config.duration_flows,
    )


def torch_tone_converter(config: ToneConverterConfig) -> Any:
    """The reference of OpenVoice's converter."""
    return reference("vits").ToneConverter(
        **conversion_sizes(config),
        zero_g=config.zero_g,
        filters=config.reference_filters,
        units=config.reference_units,
    )


def torch_part(path: str, make: Callable[[], Any]) -> Callable[[], Any]:
    """A part of the reference under its path in the whole, as the weights of our parts are named."""

    def module():
        import torch

        return torch.nn.ModuleDict({path: make()})

    return module


def built(make: Callable[[], Any]) -> Callable[[], Any]:
    """A layer that has its variables."""

    def layer():
        found = make()
        found.build()
        return found

    return layer


def declared(pairs: Iterable) -> list[Declared]:
    """Paths and layers, and entries among them, as entries."""
    return [item for pair in pairs for item in (entries_of(*pair) if isinstance(pair, tuple) else [pair])]


def keras_keep(lengths: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """The mask `[batch, time, 1]` of what is padded as `like` is."""
    return sequence_mask(lengths, tf.shape(like)[1], like.dtype)


def torch_keep(lengths: Any, like: Any) -> Any:
    """The same as `[batch, 1, time]`, for a `like` of `[batch, time, channels]`."""
    return reference("vits").sequence_mask(lengths, like.shape[1], like.dtype)


def first(x: Any) -> Any:
    """`[batch, time, channels]` as torch has it, and back; None stays None."""
    return None if x is None else x.transpose(1, 2)


def condition(config: ConversionConfig, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A drawn condition `g`, where there is one."""
    return {"g": rng.standard_normal((BATCH, 1, config.gin_channels))} if config.gin_channels else {}


def speakers(config: VITSConfig, rng: np.random.Generator, *names: str) -> dict[str, np.ndarray]:
    """Drawn speakers under these names, as the configuration has them."""
    if config.n_speakers:
        return {name: rng.integers(0, config.n_speakers, BATCH).astype(np.int32) for name in names}
    return {name: rng.standard_normal((BATCH, config.embedding_size)) for name in names if config.embedding_size}


def torch_ids(x: Tensors, *names: str) -> list[Any]:
    """Speakers or symbols of these names as torch reads them: ids are long."""
    found = [x.get(name) for name in names]
    return [value if value is None or value.is_floating_point() else value.long() for value in found]
