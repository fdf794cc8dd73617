"""HiFi-GAN's generator beside `torch_ref.hifigan.Generator`."""

from typing import Any

import numpy as np

from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.parity.case import ParityCase, torch_call_channels_first
from tfvc.weights import entries


def hifigan_generator(config: HiFiGANConfig, frames: int = 32, batch: int = 2) -> ParityCase:
    """A generator on drawn mels of `frames` frames."""

    def torch_module() -> Any:
        from torch_ref.hifigan import Generator

        sizes = config.to_dict()
        del sizes["weight_norm"]
        return Generator(**sizes)

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        return {"mel": rng.normal(-5, 2, (batch, frames, config.n_mels))}

    return ParityCase(
        "hifigan_generator",
        lambda: HiFiGANGenerator(config),
        torch_module,
        entries,
        inputs,
        torch_forward=torch_call_channels_first,
        description="HiFi-GAN's generator and its PyTorch reference",
    )
