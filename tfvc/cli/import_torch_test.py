"""What import-torch is told, what it says that it assumed, and what it suggests; files without torch."""

import pytest

from tfvc.audio import named_spec
from tfvc.cli.import_torch import import_torch
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.models.speaker_encoder import SpeakerEncoder
from tfvc.weights import state_dict, write_torch_file

SIZES = {"neck": 4, "conv_channels": 16, "decoder_lstm1": 16, "decoder_lstm2": 24}
ASSUMED = "assumed freq = 32, which no file tells; --set freq=... if it was trained with another\n"


@pytest.fixture
def narrow(tmp_path):
    """A file of an AutoVC of other sizes than the named ones, and what `--set` must say of it."""
    write_torch_file(tmp_path / "narrow.safetensors", state_dict(AutoVC(AutoVCConfig(**SIZES))))
    return tmp_path / "narrow.safetensors", [f"{name}={size}" for name, size in SIZES.items()]


def test_what_no_file_tells_is_assumed_aloud_or_set(narrow, tmp_path, capsys):
    file, sizes = narrow
    import_torch("autovc", file, tmp_path / "assumed", set=sizes)
    assert ASSUMED in capsys.readouterr().out
    assert AutoVC.from_preset(tmp_path / "assumed").config == AutoVCConfig(**SIZES, freq=32)
    import_torch("autovc", file, tmp_path / "set", set=[*sizes, "freq=16"])
    assert "assumed freq" not in capsys.readouterr().out
    assert AutoVC.from_preset(tmp_path / "set").config == AutoVCConfig(**SIZES, freq=16)


def test_what_every_file_tells_is_not_assumed(tmp_path, capsys):
    config = HiFiGANConfig(upsample_initial_channel=16)
    write_torch_file(tmp_path / "g.safetensors", state_dict(HiFiGANGenerator(config).fuse()))
    import_torch("hifigan", tmp_path / "g.safetensors", tmp_path / "preset", set=["upsample_initial_channel=16"])
    assert capsys.readouterr().out.splitlines() == [f"wrote {tmp_path / 'preset'}: 156 tensors"]
    generator = HiFiGANGenerator.from_preset(tmp_path / "preset")
    assert generator.fused
    assert generator.config == config
    assert generator.mel_spec == named_spec("hifigan_22k")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"set": ["nekc=4"]}, "--set nekc=4: expected KEY=VALUE with one of the keys neck, freq"),
        ({"set": ["neck=-1"]}, "--set: neck must be greater than or equal to 1, received -1"),
        ({"set": ["neck=4"]}, r"narrow\.safetensors: encoder\..* has shape"),
        ({"preset": "huge"}, "no preset 'huge'; choose one of official, article, small"),
        ({"model": "tacotron"}, "tacotron: no such model; choose one of autovc, hifigan"),
    ],
)
def test_what_it_cannot_be_told_is_one_line(narrow, tmp_path, options, words):
    with pytest.raises(TfvcError, match=words) as refusal:
        import_torch(**{"model": "autovc", "file": narrow[0], "out": tmp_path / "preset", **options})
    assert "\n" not in str(refusal.value)
    assert "--preset" not in str(refusal.value)  # no named architecture is of these sizes
    assert not (tmp_path / "preset").exists()


def test_a_file_that_fits_another_named_architecture_says_so(tmp_path):
    write_torch_file(tmp_path / "encoder.safetensors", state_dict(SpeakerEncoder.from_name("dvector")))
    with pytest.raises(TfvcError, match=r"no tensor 'linear.*; the file fits another architecture: --preset dvector$"):
        import_torch("speaker_encoder", tmp_path / "encoder.safetensors", tmp_path / "preset")
    import_torch("speaker_encoder", tmp_path / "encoder.safetensors", tmp_path / "preset", preset="dvector")
