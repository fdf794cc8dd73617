"""The networks of a VITS by themselves, on padded batches."""

import numpy as np

from tfvc.cases.reference import reference
from tfvc.cases.vits.sides import (
    BATCH,
    FRAMES,
    SYMBOLS,
    built,
    condition,
    conversion_sizes,
    declared,
    decoder_sizes,
    first,
    keras_keep,
    text_sizes,
    torch_keep,
    torch_part,
)
from tfvc.models.vits import torch_keys
from tfvc.models.vits.config import ConversionConfig, VITSConfig
from tfvc.models.vits.decoder import Decoder
from tfvc.models.vits.flow import Flow
from tfvc.models.vits.posterior_encoder import PosteriorEncoder
from tfvc.models.vits.reference_encoder import ReferenceEncoder
from tfvc.models.vits.text_encoder import TextEncoder
from tfvc.models.vits.tone_config import ToneConverterConfig
from tfvc.parity.case import ParityCase


def text_encoder(config: VITSConfig, lengths: np.ndarray = SYMBOLS) -> ParityCase:
    """Symbols to the prior; rows of these many symbols."""

    def module():
        return reference("vits").TextEncoder(
            channels=config.inter_channels, hidden=config.hidden_channels, **text_sizes(config)
        )

    def torch_forward(module, x):
        hidden, mean, log_scale, _ = module["enc_p"](x["ids"].long(), x["lengths"])
        return {"hidden": first(hidden), "mean": first(mean), "log_scale": first(log_scale)}

    def keras_forward(layer, x, training):
        hidden, mean, log_scale, _ = layer(x["ids"], x["lengths"], training=training)
        return {"hidden": hidden, "mean": mean, "log_scale": log_scale}

    return ParityCase(
        "vits_text_encoder",
        built(lambda: TextEncoder(config)),
        torch_part("enc_p", module),
        lambda layer: declared(torch_keys.text_encoder_pairs(layer)),
        lambda rng: {
            "ids": rng.integers(0, config.n_vocab, (len(lengths), max(lengths))).astype(np.int32),
            "lengths": lengths,
        },
        keras_forward,
        torch_forward,
        lengths=dict.fromkeys(("hidden", "mean", "log_scale"), "lengths"),
        description="VITS's text encoder and its PyTorch reference",
    )


def posterior_encoder(config: ConversionConfig) -> ParityCase:
    """A spectrogram to z, with noise."""
    sizes = conversion_sizes(config)

    def module():
        return reference("vits").PosteriorEncoder(
            sizes["bins"],
            sizes["channels"],
            sizes["hidden"],
            sizes["wavenet_kernel"],
            sizes["posterior_layers"],
            sizes["gin"],
        )

    def inputs(rng):
        spectrogram = rng.exponential(1.0, (BATCH, FRAMES.max(), config.spec_channels))
        noise = rng.standard_normal((BATCH, FRAMES.max(), config.inter_channels))
        return {"spectrogram": spectrogram, "noise": noise, "lengths": FRAMES, **condition(config, rng)}

    def keras_forward(layer, x, training):
        keep = keras_keep(x["lengths"], x["noise"])
        return dict(zip(names, layer(x["spectrogram"], keep, x["noise"], x.get("g")), strict=True))

    def torch_forward(module, x):
        keep = torch_keep(x["lengths"], x["noise"])
        found = module["enc_q"](first(x["spectrogram"]), keep, first(x["noise"]), first(x.get("g")))
        return dict(zip(names, map(first, found), strict=True))

    names = ("z", "mean", "log_scale")
    return ParityCase(
        "vits_posterior_encoder",
        built(lambda: PosteriorEncoder(config, fused=False)),
        torch_part("enc_q", module),
        lambda layer: declared(torch_keys.posterior_pairs(layer)),
        inputs,
        keras_forward,
        torch_forward,
        lengths=dict.fromkeys(names, "lengths"),
        description="VITS's posterior encoder and its PyTorch reference",
    )


def flow(config: ConversionConfig) -> ParityCase:
    """z to z_p, and back."""
    sizes = conversion_sizes(config)

    def module():
        return reference("vits").ResidualCouplingBlock(
            sizes["channels"],
            sizes["hidden"],
            sizes["wavenet_kernel"],
            sizes["flow_layers"],
            sizes["flows"],
            sizes["gin"],
        )

    def inputs(rng):
        z = rng.standard_normal((BATCH, FRAMES.max(), config.inter_channels))
        return {"z": z, "lengths": FRAMES, **condition(config, rng)}

    def keras(layer, z, x, reverse=False):
        return layer(z, keras_keep(x["lengths"], z), x.get("g"), reverse=reverse)

    def torch(module, z, x, reverse=False):
        keep = torch_keep(x["lengths"], z)
        return first(module["flow"](first(z), keep, first(x.get("g")), reverse=reverse))

    return ParityCase(
        "vits_flow",
        built(lambda: Flow(config, fused=False)),
        torch_part("flow", module),
        lambda layer: declared(torch_keys.flow_pairs(layer)),
        inputs,
        lambda layer, x, training: {"z_p": keras(layer, x["z"], x)},
        lambda module, x: {"z_p": torch(module, x["z"], x)},
        lengths={"z_p": "lengths", "z": "lengths"},
        keras_inverse=lambda layer, outputs, x: {"z": keras(layer, outputs["z_p"], x, reverse=True)},
        torch_inverse=lambda module, outputs, x: {"z": torch(module, outputs["z_p"], x, reverse=True)},
        description="VITS's flow, both ways, and its PyTorch reference",
    )


def decoder(config: ConversionConfig) -> ParityCase:
    """z to a waveform."""

    def module():
        return reference("vits").Decoder(config.inter_channels, config.gin_channels, **decoder_sizes(config))

    def inputs(rng):
        z = rng.standard_normal((BATCH, FRAMES.max(), config.inter_channels))
        return {"z": z, **condition(config, rng)}

    return ParityCase(
        "vits_decoder",
        built(lambda: Decoder(config, fused=False)),
        torch_part("dec", module),
        lambda layer: declared(torch_keys.decoder_pairs(layer)),
        inputs,
        lambda layer, x, training: {"waveform": layer(x["z"], x.get("g"))},
        lambda module, x: {"waveform": first(module["dec"](first(x["z"]), first(x.get("g"))))},
        description="VITS's decoder and its PyTorch reference",
    )


def reference_encoder(config: ToneConverterConfig, frames: int = 131) -> ParityCase:
    """A spectrogram to what its speaker sounds like."""

    def module():
        sizes = (config.spec_channels, config.gin_channels, config.reference_filters, config.reference_units)
        return reference("vits").ReferenceEncoder(*sizes)

    return ParityCase(
        "vits_reference_encoder",
        built(lambda: ReferenceEncoder(config, fused=False)),
        torch_part("ref_enc", module),
        lambda layer: declared(torch_keys.reference_pairs(layer)),
        lambda rng: {"spectrogram": rng.exponential(1.0, (BATCH, frames, config.spec_channels))},
        lambda layer, x, training: {"embedding": layer(x["spectrogram"])},
        lambda module, x: {"embedding": module["ref_enc"](first(x["spectrogram"]))[..., 0]},
        description="OpenVoice's reference encoder and its PyTorch reference",
    )
