"""The smallest HiFi-GAN training loop: jik876's train.py without its logging, data loading and checkpoints."""

from collections.abc import Sequence

import torch

from .hifigan import HiFiGAN


def train(
    model: HiFiGAN,
    batches: Sequence[tuple[torch.Tensor, torch.Tensor]],
    epochs: int = 1,
    learning_rate: float = 2e-4,
    betas: tuple[float, float] = (0.8, 0.99),
    weight_decay: float = 0.01,
    decay: float = 0.999,
) -> list[dict[str, float]]:
    """One AdamW step of each side for each (mel [B, n_mels, F], wave [B, 1, T]); the losses that were minimised.

    The discriminators share an optimizer and step first. The generator meets the new ones, and unlike MelGAN's its
    real features are theirs too. After each pass through `batches` both learning rates are multiplied by `decay`.
    """
    options = {"lr": learning_rate, "betas": betas, "weight_decay": weight_decay}
    adam_g = torch.optim.AdamW(model.generator.parameters(), **options)
    adam_d = torch.optim.AdamW([*model.msd.parameters(), *model.mpd.parameters()], **options)
    schedules = [torch.optim.lr_scheduler.ExponentialLR(adam, decay) for adam in (adam_g, adam_d)]
    history = []
    for _ in range(epochs):
        for mel, wave in batches:
            losses = model.discriminator_losses(mel, wave)
            adam_d.zero_grad()
            losses["discriminator"].backward()
            adam_d.step()

            losses |= model.generator_losses(mel, wave)
            adam_g.zero_grad()
            # This reaches the discriminators' parameters too; the next zero_grad clears what it leaves there.
            losses["generator"].backward()
            adam_g.step()
            history.append({name: value.item() for name, value in losses.items()})
        for schedule in schedules:
            schedule.step()
    return history
