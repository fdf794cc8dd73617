"""MelGAN beside `torch_ref`: the generator, the discriminators, their losses, and the steps of both optimizers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfvc.cases.reference import reference
from tfvc.models.gan_step import VocoderGAN, same_length
from tfvc.models.melgan import MelGAN, MelGANConfig
from tfvc.models.melgan.sizes import MelGANSizes
from tfvc.optimizers.adam import Adam
from tfvc.parity.case import OptimizerPair, ParityCase, Tensors, Turn
from tfvc.weights import Declared, entries


def melgan(config: MelGANConfig, samples: int = 8192, batch: int = 2) -> ParityCase:
    """A whole MelGAN of its authors' kind: see `melgan_case`."""

    def torch_module() -> Any:
        torch_ref = reference("melgan")
        generator = torch_ref.Generator(**generator_sizes(config), residual_layers=config.residual_layers)
        return torch_ref.MelGAN(
            generator, torch_ref.Discriminator(**discriminator_sizes(config)), config.feature_weight
        )

    rates = {"generator": 1e-4, "discriminator": 1e-4}
    optimizers = {name: adam(rate, epsilon=1e-8, clip=None) for name, rate in rates.items()}
    return melgan_case(MelGAN, config, torch_module, optimizers, samples, batch)


def generator_sizes(config: MelGANSizes) -> dict[str, Any]:
    """What both references' generators are given."""
    return {"n_mels": config.n_mels, "channels": config.channels, "upsample_rates": config.upsample_rates}


def discriminator_sizes(config: MelGANSizes) -> dict[str, Any]:
    """What both references' discriminators are given."""
    return {
        "scales": config.discriminator_scales,
        "channels": config.discriminator_channels,
        "max_channels": config.discriminator_max_channels,
    }


def melgan_case(
    kind: type[VocoderGAN],
    config: MelGANSizes,
    torch_module: Callable[[], Any],
    optimizers: dict[str, OptimizerPair],
    samples: int,
    batch: int,
) -> ParityCase:
    """A whole MelGAN on drawn mels and waves of `samples` samples.

    The mel covers the wave: for a length that is no multiple of the hop, the generated wave is the longer one and is
    cut. Outputs are the generated wave and every map of both waves.
    """
    frames = -(-samples // config.hop)

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {
            "mel": rng.normal(-5, 2, (batch, frames, config.n_mels)),
            "wave": rng.uniform(-0.5, 0.5, (batch, samples, 1)),
        }

    def keras_forward(model: VocoderGAN, x: Tensors, training: bool) -> Tensors:
        fake, real = same_length(model.generator(x["mel"], training=training), x["wave"])
        return {"wave": fake, **_named("real", model.discriminator(real)), **_named("fake", model.discriminator(fake))}

    def torch_forward(module: Any, x: Tensors) -> Tensors:
        fake, real = module.waves(*_channels_first(x))
        maps = {**_named("real", module.discriminator(real)), **_named("fake", module.discriminator(fake))}
        return {"wave": fake.transpose(1, 2), **{name: y.transpose(1, 2) for name, y in maps.items()}}

    def keras_kept(model: VocoderGAN, x: Tensors) -> Tensors:
        _, real = same_length(model.generator(x["mel"], training=True), x["wave"])
        return _named("real", model.discriminator(real, training=True))

    def torch_kept(module: Any, x: Tensors) -> Tensors:
        mel, wave = _channels_first(x)
        return _named("real", module.real_features(wave, mel))

    def keras_discriminator_losses(model: VocoderGAN, x: Tensors, training: bool) -> Tensors:
        fake, real = same_length(model.generator(x["mel"], training=training), x["wave"])
        maps = (model.discriminator(wave, training=training) for wave in (real, fake))
        return model.discriminator_losses(*maps)

    def keras_generator_losses(model: VocoderGAN, x: Tensors, training: bool) -> Tensors:
        fake, _ = same_length(model.generator(x["mel"], training=training), x["wave"])
        return model.generator_losses(_nested(x), model.discriminator(fake, training=training))

    def torch_discriminator_losses(module: Any, x: Tensors) -> Tensors:
        fake, real = module.waves(*_channels_first(x))
        maps = (module.discriminator(wave) for wave in (fake, real))
        return {"discriminator": module.discriminator_loss(*maps)}

    def torch_generator_losses(module: Any, x: Tensors) -> Tensors:
        return module.generator_losses(*_channels_first(x), _nested(x))

    return ParityCase(
        "melgan",
        lambda: kind.fresh(config),
        torch_module,
        melgan_entries,
        inputs,
        keras_forward,
        torch_forward,
        turns=(
            Turn(
                "discriminator",
                lambda key: key.startswith("discriminator."),
                keras_discriminator_losses,
                torch_discriminator_losses,
                optimizers["discriminator"],
            ),
            Turn(
                "generator",
                lambda key: key.startswith("generator."),
                keras_generator_losses,
                torch_generator_losses,
                optimizers["generator"],
            ),
        ),
        simultaneous=kind.simultaneous,
        keras_kept=keras_kept,
        torch_kept=torch_kept,
        description=f"{kind.__name__} and its PyTorch reference",
    )


def melgan_entries(model: VocoderGAN) -> list[Declared]:
    """The entries of both networks, under the names that they have side by side."""
    return [
        entry.renamed(f"{name}.{{}}".format)
        for name in ("generator", "discriminator")
        for entry in entries(getattr(model, name))
    ]


def adam(learning_rate: float, epsilon: float, clip: float | None) -> OptimizerPair:
    """Adam as both projects set it, but for what is given."""

    def torch_factory(parameters: Any, rate: float) -> Any:
        import torch

        return torch.optim.Adam(parameters, lr=rate, betas=(0.5, 0.9), eps=epsilon)

    return OptimizerPair(
        learning_rate,
        clip_each=clip,
        keras_factory=lambda rate, _: Adam(rate, beta_1=0.5, beta_2=0.9, epsilon=epsilon, clipnorm=clip),
        torch_factory=torch_factory,
        epsilon=epsilon,
    )


def _channels_first(x: Tensors) -> tuple[Any, Any]:
    return x["mel"].transpose(1, 2), x["wave"].transpose(1, 2)


def _named(wave: str, maps: list[list[Any]]) -> Tensors:
    """Maps as `real.0.6`: wave, scale, layer."""
    return {f"{wave}.{i}.{j}": y for i, scale in enumerate(maps) for j, y in enumerate(scale)}


def _nested(x: Tensors) -> list[list[Any]]:
    """The kept maps of the real wave, as the discriminator gave them."""
    kept = [name for name in x if name.startswith("real.")]
    scales = sorted({int(name.split(".")[1]) for name in kept})
    return [[x[f"real.{i}.{j}"] for j in range(sum(n.startswith(f"real.{i}.") for n in kept))] for i in scales]


CASES = {"melgan_descript": lambda: melgan(MelGANConfig.from_name("descript"))}
