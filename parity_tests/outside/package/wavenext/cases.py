"""WaveNeXt beside its PyTorch reference."""

import dataclasses
from typing import Any

from tfvc.parity.case import ParityCase, torch_call_channels_first
from tfvc.weights import entries
from wavenext.config import WaveNeXtConfig
from wavenext.generator import WaveNeXtGenerator


def wavenext(config: WaveNeXtConfig, frames: int = 21, batch: int = 2) -> ParityCase:
    """A generator on drawn mels of `frames` frames."""

    def torch_module() -> Any:
        from wavenext.torch_model import WaveNeXt

        return WaveNeXt(**dataclasses.asdict(config))

    return ParityCase(
        "wavenext",
        lambda: WaveNeXtGenerator(config),
        torch_module,
        entries,
        lambda rng: {"mel": rng.normal(-5, 2, (batch, frames, config.n_mels))},
        torch_forward=torch_call_channels_first,
        description=f"WaveNeXt of {config.blocks} blocks and its PyTorch reference",
    )


CASES = {
    "wavenext_base": lambda: wavenext(WaveNeXtConfig.from_name("base")),
    "wavenext_small": lambda: wavenext(WaveNeXtConfig.from_name("small")),
}
