"""The speaker encoders beside `torch_ref.speaker_encoder`."""

from typing import Any

from tfvc.cases.reference import reference
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig
from tfvc.parity.case import ParityCase
from tfvc.weights import entries


def speaker_encoder(config: SpeakerEncoderConfig, batch: int = 2) -> ParityCase:
    """A speaker encoder on windows of its own length; ReLU makes it `GE2E`, none `DVector`."""

    def torch_module() -> Any:
        encoders = reference("speaker_encoder")
        module = encoders.GE2E if config.relu else encoders.DVector
        return module(n_mels=config.n_mels, hidden=config.units, embedding=config.embedding)

    return ParityCase(
        "speaker_encoder",
        lambda: SpeakerEncoder(config),
        torch_module,
        entries,
        lambda rng: {"mel": rng.uniform(0, 1, (batch, config.partial_frames, config.n_mels))},
        description=f"speaker encoder of {config.units} units and its PyTorch reference",
    )


CASES = {
    "ge2e": lambda: speaker_encoder(SpeakerEncoderConfig.from_name("ge2e")),
    "dvector": lambda: speaker_encoder(SpeakerEncoderConfig.from_name("dvector")),
}
