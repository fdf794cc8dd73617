"""The smallest AutoVC training loop: solver_encoder.py without its logging."""

from collections.abc import Iterable

import torch

from .autovc import Generator


def train(
    generator: Generator,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    learning_rate: float = 1e-4,
    clip_grad_norm: float | None = None,
    upstream_broadcast: bool = False,
) -> list[dict[str, float]]:
    """One Adam step for each (mel [B, T, n_mels], embedding [B, dim_emb]); the losses before each step."""
    optimizer = torch.optim.Adam(generator.parameters(), lr=learning_rate)
    generator.train()
    history = []
    for mel, embedding in batches:
        losses = generator.losses(mel, embedding, upstream_broadcast=upstream_broadcast)
        optimizer.zero_grad()
        losses["loss"].backward()
        if clip_grad_norm is not None:
            torch.nn.utils.clip_grad_norm_(generator.parameters(), clip_grad_norm)
        optimizer.step()
        history.append({name: value.item() for name, value in losses.items()})
    return history
