"""A whole VITS: it speaks a text whose durations are given, and it converts."""

import numpy as np
import tensorflow as tf

from tfvc.cases.reference import reference
from tfvc.cases.vits.sides import (
    BATCH,
    FRAMES,
    SYMBOLS,
    first,
    speakers,
    torch_ids,
    torch_tone_converter,
    torch_vits,
)
from tfvc.models.vits.config import ConversionConfig, VITSConfig
from tfvc.models.vits.model import VITS
from tfvc.models.vits.tone_config import ToneConverterConfig
from tfvc.models.vits.tone_converter import ToneConverter
from tfvc.parity.case import ParityCase
from tfvc.weights import entries

_DURATIONS = np.array([[2, 1, 3, 1, 1, 4, 1], [1, 5, 1, 1, 0, 0, 0]], np.int32)
_SPOKEN = {"log_durations": "lengths", **dict.fromkeys(("z_p", "z"), "frames")}
_CONVERTED = ("z", "z_p", "z_target")


def speech(config: VITSConfig) -> ParityCase:
    """Symbols to a waveform. Durations are given and their logarithms compared: rounded up they are decisions."""

    def inputs(rng):
        frames = _DURATIONS.sum(axis=1).astype(np.int32)
        shape = (BATCH, frames.max(), config.inter_channels)
        duration_noise = rng.standard_normal((BATCH, SYMBOLS.max(), 2))
        return {
            "ids": rng.integers(0, config.n_vocab, (BATCH, SYMBOLS.max())).astype(np.int32),
            "lengths": SYMBOLS,
            "durations": _DURATIONS,
            "frames": frames,
            "noise": rng.standard_normal(shape),
            **({"duration_noise": duration_noise} if config.use_sdp else {}),
            **speakers(config, rng, "speaker"),
        }

    def keras_forward(model, x, training):
        g = model.condition(x.get("speaker"))
        text = model.encode_text(x["ids"], x["lengths"], training=training)
        log_durations = model.log_durations(text, x.get("duration_noise"), g, training=training)
        spoken = model.speak(text, x["durations"], x["noise"], g, noise_scale=0.5)
        return {"log_durations": log_durations, **{name: spoken[name] for name in ("z_p", "z", "waveform")}}

    def torch_forward(module, x):
        vits = reference("vits")
        ids, speaker = torch_ids(x, "ids", "speaker")
        g = module.speaker(speaker)
        hidden, mean, log_scale, keep = module.enc_p(ids, x["lengths"])
        log_durations = module.log_durations(hidden, keep, g, first(x.get("duration_noise")))
        keep = vits.sequence_mask(x["frames"], x["noise"].shape[1], mean.dtype)
        path = vits.alignment(x["durations"], keep[:, 0])
        z_p = mean @ path + first(x["noise"]) * (log_scale @ path).exp() * 0.5
        z = module.flow(z_p, keep, g, reverse=True)
        found = {"log_durations": log_durations, "z_p": z_p, "z": z, "waveform": module.dec(z * keep, g)}
        return {name: first(value) for name, value in found.items()}

    return ParityCase(
        "vits_speech",
        lambda: VITS(config),
        lambda: torch_vits(config),
        entries,
        inputs,
        keras_forward,
        torch_forward,
        lengths=_SPOKEN,
        description="VITS, a text spoken, and its PyTorch reference",
    )


def conversion(config: VITSConfig) -> ParityCase:
    """A spectrogram of one speaker to a waveform of another."""

    def inputs(rng):
        return {**_spectrogram(config, rng), **speakers(config, rng, "source", "target")}

    def keras_forward(model, x, training):
        source, target = x.get("source"), x.get("target")
        return _converted(model.convert(x["spectrogram"], x["lengths"], source, target, x["noise"]))

    def torch_forward(module, x):
        speakers = torch_ids(x, "source", "target")
        found = module.convert(first(x["spectrogram"]), x["lengths"], first(x["noise"]), *speakers)
        return _torch_converted(found)

    return ParityCase(
        "vits_conversion",
        lambda: VITS(config),
        lambda: torch_vits(config),
        entries,
        inputs,
        keras_forward,
        torch_forward,
        lengths=dict.fromkeys(_CONVERTED, "lengths"),
        description="VITS, a voice converted, and its PyTorch reference",
    )


def tone_conversion(config: ToneConverterConfig) -> ParityCase:
    """OpenVoice's converter: a spectrogram in the voice of another."""

    def inputs(rng):
        target = rng.exponential(1.0, (BATCH, 70, config.spec_channels))
        return {**_spectrogram(config, rng), "reference": target}

    def keras_forward(model, x, training):
        source, target = model.embed(x["spectrogram"]), model.embed(x["reference"])
        return _converted(model.convert(x["spectrogram"], x["lengths"], source, target, x["noise"]))

    def torch_forward(module, x):
        spectrogram = first(x["spectrogram"])
        source, target = module.ref_enc(spectrogram), module.ref_enc(first(x["reference"]))
        return _torch_converted(module.voice_conversion(spectrogram, x["lengths"], first(x["noise"]), source, target))

    return ParityCase(
        "vits_tone_conversion",
        lambda: ToneConverter(config),
        lambda: torch_tone_converter(config),
        entries,
        inputs,
        keras_forward,
        torch_forward,
        lengths=dict.fromkeys(_CONVERTED, "lengths"),
        description="OpenVoice's tone colour converter and its PyTorch reference",
    )


def _spectrogram(config: ConversionConfig, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "spectrogram": rng.exponential(1.0, (BATCH, FRAMES.max(), config.spec_channels)),
        "lengths": FRAMES,
        "noise": rng.standard_normal((BATCH, FRAMES.max(), config.inter_channels)),
    }


def _converted(found: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: found[name] for name in (*_CONVERTED, "waveform")}


def _torch_converted(found):
    return {
        **{name: first(found[theirs]) for name, theirs in zip(_CONVERTED, ("z", "z_p", "z_hat"), strict=True)},
        "waveform": first(found["wave"]),
    }
