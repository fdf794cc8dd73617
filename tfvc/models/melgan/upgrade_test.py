"""Presets that earlier versions wrote load bit for bit."""

import json

import numpy as np
import pytest

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.models.load import load_preset
from tfvc.models.melgan import MelGANConfig, MelGANDiscriminator, MelGANGenerator
from tfvc.models.melgan_keras_io import KerasIOMelGANConfig, KerasIOMelGANDiscriminator, KerasIOMelGANGenerator

SPEC = MelSpec.named("hifigan_22k")
NARROW = {"channels": 16, "discriminator_channels": 4, "discriminator_max_channels": 16}
# A network of today, the name it had, and the fields that its configuration had besides.
EARLIER = {
    "descript": (MelGANGenerator(MelGANConfig(**NARROW), SPEC), "melgan", {"shape": "descript"}),
    "keras_io": (KerasIOMelGANGenerator(KerasIOMelGANConfig(**NARROW), SPEC), "melgan", {"shape": "keras_io"}),
    "discriminator": (MelGANDiscriminator(MelGANConfig(**NARROW), SPEC), "melgan_discriminator", {"shape": "descript"}),
    "discriminator of keras_io": (
        KerasIOMelGANDiscriminator(KerasIOMelGANConfig(**NARROW), SPEC),
        "melgan_discriminator",
        {"shape": "keras_io"},
    ),
    "hifigan": (HiFiGANGenerator(HiFiGANConfig(upsample_initial_channel=16), SPEC), "hifigan", {}),
}


def write_earlier(model, folder, name, further):
    model.save_to_preset(folder)
    content = json.loads((folder / "config.json").read_text())
    normed = not content.pop("fused", False)
    content = {"model": name, "config": {**further, **content["config"], "weight_norm": normed}}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def same(one, other):
    assert type(one) is type(other)
    assert (one.config, one.mel_spec) == (other.config, other.mel_spec)
    pairs = zip(one.weights, other.weights, strict=True)
    return all(a.name == b.name and np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


@pytest.mark.parametrize("name", EARLIER)
def test_a_preset_of_an_earlier_version_is_what_it_was(tmp_path, name):
    model, former, further = EARLIER[name]
    folder = write_earlier(model, tmp_path / "normed", former, further)
    assert same(load_preset(folder), model)
    assert same(type(model).from_preset(folder), model)
    if "discriminator" not in name:
        fused = model.fuse()
        found = load_preset(write_earlier(fused, tmp_path / "fused", former, further))
        assert found.fused
        assert same(found, fused)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shape": "nsf"}, "shape must be one of descript, keras_io, received 'nsf'"),
        ({"shape": []}, r"shape must be one of descript, keras_io, received \[\]"),
        ({"weight_norm": 1}, "weight_norm must be true or false, received 1"),
        ({"shape": "keras_io"}, "holds a melgan_keras_io model, not melgan"),
    ],
)
def test_what_no_earlier_version_wrote_is_refused(tmp_path, changes, words):
    folder = write_earlier(EARLIER["descript"][0], tmp_path / "preset", "melgan", {"shape": "descript"})
    content = json.loads((folder / "config.json").read_text())
    content["config"] |= changes
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(TfvcError, match=words) as refusal:
        MelGANGenerator.from_preset(folder)
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("descript", {"fused": 1}, "fused is 1; beside its config, melgan has fused, true or false"),
        ("descript", {"frozen": True}, "frozen is True; beside its config, melgan has fused"),
        ("discriminator", {"fused": True}, "melgan_discriminator has nothing"),
    ],
)
def test_a_state_that_a_model_cannot_be_in_is_refused(tmp_path, name, state, words):
    model, _, _ = EARLIER[name]
    model.save_to_preset(tmp_path / "preset")
    path = tmp_path / "preset/config.json"
    assert "fused" not in json.loads(path.read_text())
    path.write_text(json.dumps({**json.loads(path.read_text()), **state}))
    with pytest.raises(TfvcError, match=words):
        load_preset(tmp_path / "preset")
