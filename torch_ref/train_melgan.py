"""The smallest MelGAN training loop: descript's scripts/train.py and the keras.io example, without their logging."""

from collections.abc import Iterable

import torch
from torch import nn

from .melgan import MelGAN

# `train(model, batches, **KERAS_IO)`: the example's optimizers; the defaults are descript's.
KERAS_IO = {
    "generator_learning_rate": 1e-5,
    "discriminator_learning_rate": 1e-6,
    "eps": 1e-7,
    "clip_each": 1.0,
    "simultaneous": True,
}


def set_gradients(module: nn.Module, loss: torch.Tensor, clip_each: float | None = None) -> None:
    """Replace the gradients of this module's parameters, and no others.

    The generator's loss reaches the discriminator's parameters too; its gradient must not be left there.
    `clip_each` bounds the norm of each parameter's gradient on its own, like Keras's `clipnorm`.
    """
    parameters = list(module.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        if clip_each is not None:
            gradient = gradient * clip_each / gradient.norm().clamp(min=clip_each)
        parameter.grad = gradient


def train(
    model: MelGAN,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    generator_learning_rate: float = 1e-4,
    discriminator_learning_rate: float = 1e-4,
    betas: tuple[float, float] = (0.5, 0.9),
    eps: float = 1e-8,
    clip_each: float | None = None,
    simultaneous: bool = False,
) -> list[dict[str, float]]:
    """One Adam step of each network for each (mel [B, n_mels, F], wave [B, 1, T]); the losses that were minimised.

    The discriminator steps first and the generator meets the new one, yet real features are always the old
    one's. With `simultaneous` all gradients are taken before either network steps.
    """
    adam_d = torch.optim.Adam(model.discriminator.parameters(), lr=discriminator_learning_rate, betas=betas, eps=eps)
    adam_g = torch.optim.Adam(model.generator.parameters(), lr=generator_learning_rate, betas=betas, eps=eps)
    history = []
    for mel, wave in batches:
        real = model.real_features(wave, mel)
        losses = model.discriminator_losses(mel, wave)
        set_gradients(model.discriminator, losses["discriminator"], clip_each)
        if not simultaneous:
            adam_d.step()
        losses |= model.generator_losses(mel, wave, real)
        set_gradients(model.generator, losses["generator"], clip_each)
        if simultaneous:
            adam_d.step()
        adam_g.step()
        history.append({name: value.item() for name, value in losses.items()})
    return history
