"""HiFi-GAN beside `torch_ref.hifigan`: the generator, the discriminators, all losses, the steps of both optimizers."""

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.cases.reference import reference
from tfvc.models.gan_step import same_length
from tfvc.models.hifigan import HiFiGAN, HiFiGANConfig, HiFiGANDiscriminatorConfig, HiFiGANGenerator
from tfvc.optimizers.adam import AdamW
from tfvc.parity.case import OptimizerPair, ParityCase, Tensors, Turn, torch_call_channels_first
from tfvc.weights import Declared, entries


def hifigan_generator(config: HiFiGANConfig, frames: int = 32, batch: int = 2) -> ParityCase:
    """A generator on drawn mels of `frames` frames."""

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"mel": rng.normal(-5, 2, (batch, frames, config.n_mels))}

    return ParityCase(
        "hifigan_generator",
        lambda: HiFiGANGenerator(config),
        lambda: _torch_generator(config),
        entries,
        inputs,
        torch_forward=torch_call_channels_first,
        description="HiFi-GAN's generator and its PyTorch reference",
    )


def hifigan(
    config: HiFiGANConfig,
    discriminator: HiFiGANDiscriminatorConfig,
    mel_spec: MelSpec,
    samples: int = 8192,
    batch: int = 2,
) -> ParityCase:
    """A whole HiFi-GAN on drawn mels and waves of `samples` samples.

    The mel covers the wave: for a length that is no multiple of the hop, the generated wave is the longer one and is
    cut. Outputs are the generated wave and every map of both waves. As upstream, each pass of the discriminators is one
    in training mode, the real wave before the generated one, twice a step: spectral norm counts them.
    """
    frames = -(-samples // config.hop)

    def torch_module() -> Any:
        hifigan = reference("hifigan")
        sizes = {name: getattr(mel_spec, name) for name in ("sample_rate", "n_fft", "hop", "n_mels", "fmin")}
        return hifigan.HiFiGAN(
            _torch_generator(config),
            hifigan.MultiPeriodDiscriminator(discriminator.periods, discriminator.period_widths),
            hifigan.MultiScaleDiscriminator(discriminator.scales, discriminator.scale_widths),
            partial(hifigan.mel_spectrogram, **sizes),
        )

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "mel": rng.normal(-5, 2, (batch, frames, config.n_mels)),
            "wave": rng.uniform(-0.5, 0.5, (batch, samples, 1)),
        }

    def keras_forward(model: HiFiGAN, x: Tensors, training: bool) -> Tensors:
        fake, real = same_length(model.generator(x["mel"], training=training), x["wave"])
        maps = {name: model.discriminator(wave, training=training) for name, wave in (("real", real), ("fake", fake))}
        return {"wave": fake, **_named(maps["real"], "real"), **_named(maps["fake"], "fake")}

    def torch_forward(module: Any, x: Tensors) -> Tensors:
        fake, real = module.waves(*_channels_first(x))
        maps = {name: module.discriminate(wave) for name, wave in (("real", real), ("fake", fake))}
        named = _named(maps["real"], "real") | _named(maps["fake"], "fake")
        return {"wave": fake.transpose(1, 2), **{name: y.transpose(1, -1) for name, y in named.items()}}

    def keras_discriminator_losses(model: HiFiGAN, x: Tensors, training: bool) -> Tensors:
        fake, real = same_length(model.generator(x["mel"], training=training), x["wave"])
        maps = [model.discriminator(wave, training=training) for wave in (real, tf.stop_gradient(fake))]
        return model.discriminator_losses(*maps)

    def keras_generator_losses(model: HiFiGAN, x: Tensors, training: bool) -> Tensors:
        fake, real = same_length(model.generator(x["mel"], training=training), tf.stop_gradient(x["wave"]))
        losses = model.generator_losses(*(model.discriminator(wave, training=training) for wave in (real, fake)))
        mel = model.mel_distance(real, fake)
        return losses | {"generator": losses["generator"] + model.mel_weight * mel, "mel": mel}

    return ParityCase(
        "hifigan",
        lambda: HiFiGAN.fresh(config, mel_spec, discriminator),
        torch_module,
        hifigan_entries,
        inputs,
        keras_forward,
        torch_forward,
        turns=(
            Turn(
                "discriminator",
                lambda key: not key.startswith("generator."),
                keras_discriminator_losses,
                lambda module, x: module.discriminator_losses(*_channels_first(x)),
                _OPTIMIZERS,
            ),
            Turn(
                "generator",
                lambda key: key.startswith("generator."),
                keras_generator_losses,
                lambda module, x: module.generator_losses(*_channels_first(x)),
                _OPTIMIZERS,
            ),
        ),
        description="HiFi-GAN and its PyTorch reference",
    )


def published(name: str, samples: int = 8192) -> ParityCase:
    """One of the published sizes with the published discriminators, 41,105,770 and 29,618,821 parameters."""
    spec = MelSpec.named(HiFiGANConfig.mels[name])
    return hifigan(HiFiGANConfig.from_name(name), HiFiGANDiscriminatorConfig(), spec, samples)


def hifigan_entries(model: HiFiGAN) -> list[Declared]:
    """The entries of all networks, under the names that they have side by side."""
    generator = [entry.renamed("generator.{}".format) for entry in entries(model.generator)]
    return [*generator, *entries(model.discriminator)]


def _torch_generator(config: HiFiGANConfig) -> Any:
    return reference("hifigan").Generator(**config.to_dict())


def _torch_adamw(parameters: Any, rate: float) -> Any:
    import torch

    return torch.optim.AdamW(parameters, lr=rate, betas=(0.8, 0.99))


_OPTIMIZERS = OptimizerPair(
    2e-4, keras_factory=lambda rate, _: AdamW(rate, beta_1=0.8, beta_2=0.99), torch_factory=_torch_adamw
)


def _channels_first(x: Tensors) -> tuple[Any, Any]:
    return x["mel"].transpose(1, 2), x["wave"].transpose(1, 2)


def _named(maps: list[list[Any]], wave: str) -> Tensors:
    """Maps as `real.0.5`: wave, period or scale, layer."""
    return {f"{wave}.{i}.{j}": y for i, part in enumerate(maps) for j, y in enumerate(part)}


CASES = {
    "hifigan_v1": lambda: published("v1"),
    "hifigan_v2": lambda: published("v2"),
    "hifigan_v3": lambda: published("v3"),
    "hifigan_v1_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v1")),
    "hifigan_v2_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v2")),
    "hifigan_v3_generator": lambda: hifigan_generator(HiFiGANConfig.from_name("v3")),
}
