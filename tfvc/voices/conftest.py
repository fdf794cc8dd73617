"""Small, untrained networks for voices."""

import numpy as np
import pytest

from tfvc.audio import named_spec
from tfvc.common.maker import Maker
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling
from tfvc.models.melgan import MelGANConfig, MelGANGenerator
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig
from tfvc.models.vits import VITS, VITSConfig
from tfvc.models.vits.upstream import linear_spec
from tfvc.text import TextFrontEnd

SPEC = named_spec("hifigan_22k")


GE2E = Maker("ge2e")


def narrow_autovc(spec=SPEC, speaker_encoder=GE2E, **changes):
    config = {"neck": 4, "freq": 8, "conv_channels": 16, "decoder_lstm1": 16, "decoder_lstm2": 16} | changes
    return AutoVC(AutoVCConfig(**config, **mel_scaling(spec)), spec, speaker_encoder)


def narrow_encoder():
    return SpeakerEncoder(SpeakerEncoderConfig(units=8), named_spec("ge2e_16k"))


def narrow_vocoder():
    return MelGANGenerator(MelGANConfig(channels=16), SPEC)


# As `symbols.json` has it.
TEXTS = TextFrontEnd.of_list("_abcdefghijklmnopqrstuvwxyz .,!", cleaners=("lowercase",)).to_dict()


def narrow_vits(seed=0, tables=None, states=None, **changes):
    """A VITS of 8 samples a frame at 8 kHz whose weights are drawn, those too that begin with zeros."""
    config = {
        "spec_channels": 17,
        "inter_channels": 4,
        "hidden_channels": 6,
        "posterior_layers": 2,
        "flow_layers": 2,
        "n_flows": 2,
        "wavenet_kernel_size": 3,
        "resblock": "2",
        "resblock_kernel_sizes": (3,),
        "resblock_dilation_sizes": ((1, 2),),
        "upsample_rates": (4, 2),
        "upsample_kernel_sizes": (8, 4),
        "upsample_initial_channel": 8,
        "n_vocab": 31,
        "filter_channels": 8,
        "n_layers": 1,
        "duration_flows": 2,
    } | changes
    tables = {"symbols": TEXTS} if tables is None else tables
    model = VITS(VITSConfig(**config), linear_spec(8000, 32, 8, 32), **tables, **(states or {}))
    draw = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if "gamma" not in variable.path:
            variable.assign(draw.normal(0, 0.2, variable.shape))
    return model


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
