import json

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.models.family import find_network
from tfvc.models.load import load_preset
from tfvc.models.speaker_encoder import SpeakerEncoder


@pytest.fixture
def preset(tmp_path):
    model = AutoVC.from_name("small")
    model.save_to_preset(tmp_path / "mine", training={"steps": 3})
    return tmp_path / "mine", model


def test_a_preset_is_config_mel_weights_and_record(preset):
    folder, model = preset
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json",
        "encoder.json",
        "mel.json",
        "model.weights.h5",
        "training.json",
    ]
    loaded = AutoVC.from_preset(folder)
    assert loaded.config == model.config
    assert loaded.mel_spec == model.mel_spec
    for mine, theirs in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    assert type(load_preset(folder)) is AutoVC


def test_names_are_found_in_the_folder_that_the_environment_names(preset, monkeypatch):
    folder, model = preset
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(folder.parent))
    assert AutoVC.from_preset("mine").config == model.config
    with pytest.raises(TfvcError, match=r"known names: .*mine"):
        AutoVC.from_preset("yours")


def test_a_missing_speaker_encoder_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(TfvcError, match="tfvc fetch ge2e"):
        SpeakerEncoder.from_preset("ge2e")


def test_another_kind_of_model_is_refused(preset):
    with pytest.raises(TfvcError, match="holds a autovc model, not speaker_encoder"):
        SpeakerEncoder.from_preset(preset[0])


@pytest.mark.parametrize(
    ("file", "spoil", "words"),
    [
        ("config.json", lambda text: text[:20], "not a preset's configuration"),
        ("config.json", lambda text: text.replace('"neck"', '"nekc"'), "nekc"),
        ("config.json", lambda text: text.replace('"neck": 8', '"neck": "wide"'), "neck must be a valid integer"),
        ("config.json", lambda text: text.replace('"neck": 8', '"neck": 17'), "another model"),
        ("mel.json", lambda text: text.replace('"hop"', '"hopp"'), "hop"),
        ("mel.json", lambda text: "{", "mel"),
    ],
)
def test_a_damaged_preset_is_refused_in_one_line(preset, file, spoil, words):
    folder, _ = preset
    (folder / file).write_text(spoil((folder / file).read_text()))
    with pytest.raises(TfvcError, match=words) as refusal:
        AutoVC.from_preset(folder)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("file", ["mel.json", "model.weights.h5"])
def test_an_incomplete_preset_is_refused(preset, file):
    folder, _ = preset
    (folder / file).unlink()
    with pytest.raises(TfvcError, match=file):
        AutoVC.from_preset(folder)


def test_saving_replaces_a_preset_and_nothing_else(preset):
    folder, model = preset
    model.save_to_preset(folder)
    assert not (folder / "training.json").exists()
    other = folder.parent / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("precious")
    with pytest.raises(TfvcError, match="not a preset"):
        model.save_to_preset(other)
    assert (other / "thesis.txt").read_text() == "precious"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["mine", "other"]


def test_a_model_without_a_mel_spec_is_not_saved(tmp_path):
    config = AutoVCConfig(neck=4, freq=8, conv_channels=8, decoder_lstm1=8, decoder_lstm2=8)
    with pytest.raises(TfvcError, match="no mel spec"):
        AutoVC(config).save_to_preset(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_configurations_are_read_strictly():
    values = AutoVCConfig.from_name("small").to_dict()
    assert AutoVCConfig.from_dict(json.loads(json.dumps(values))) == AutoVCConfig.from_name("small")
    with pytest.raises(TfvcError, match="'freq' of AutoVCConfig is missing"):
        AutoVCConfig.from_dict({k: v for k, v in values.items() if k != "freq"})
    with pytest.raises(TfvcError, match="official, article, small"):
        AutoVCConfig.from_name("huge")
    with pytest.raises(TfvcError, match="choose one of autovc"):
        find_network("tacotron")
