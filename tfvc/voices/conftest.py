"""Small, untrained networks for voices."""

import numpy as np
import pytest

from tfvc.audio import MelSpec
from tfvc.common.maker import Maker
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling
from tfvc.models.melgan import MelGANConfig, MelGANGenerator
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig

SPEC = MelSpec.named("hifigan_22k")


GE2E = Maker("ge2e")


def narrow_autovc(spec=SPEC, speaker_encoder=GE2E, **changes):
    config = {"neck": 4, "freq": 8, "conv_channels": 16, "decoder_lstm1": 16, "decoder_lstm2": 16} | changes
    return AutoVC(AutoVCConfig(**config, **mel_scaling(spec)), spec, speaker_encoder)


def narrow_encoder():
    return SpeakerEncoder(SpeakerEncoderConfig(units=8), MelSpec.named("ge2e_16k"))


def narrow_vocoder():
    return MelGANGenerator(MelGANConfig(channels=16), SPEC)


def sung(samples, pitch):
    """A waveform `[samples]` at 16 kHz."""
    time = np.arange(samples) / 16000
    return (0.1 * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 15))).astype(np.float32)


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    """The folder that `$TFVC_CHECKPOINTS` names, with a small encoder `ear` and a small vocoder `mouth`."""
    folder = tmp_path / "checkpoints"
    narrow_encoder().save_to_preset(folder / "ear")
    narrow_vocoder().save_to_preset(folder / "mouth")
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(folder))
    return folder
