"""Choices and help come from the families that are installed."""

from dataclasses import replace

import pytest

from tfvc.cli import choices
from tfvc.cli.fetch import fetch
from tfvc.common.errors import TfvcError
from tfvc.models import family
from tfvc.models.family import Family, Network, find_family

THEIRS = Family(
    name="theirs",
    networks=(
        Network(
            name="theirs",
            model="nowhere:Model",
            config="tfvc.models.melgan.config:MelGANConfig",
            vocoder=True,
            upstream_config="nowhere:read",
            keras2_preset="small",
        ),
    ),
    training="nowhere:Training",
    default_preset="small",
    downloads={"weights_of_theirs": "nowhere:fetch"},
)


@pytest.fixture
def beside_theirs(monkeypatch):
    known = {"theirs": THEIRS, "speaker_encoder": find_family("speaker_encoder")}
    monkeypatch.setattr(family, "plugins", lambda group: known)


@pytest.mark.usefixtures("beside_theirs")
def test_a_family_is_a_choice_wherever_its_record_says_so():
    assert choices.all_networks() == "theirs, speaker_encoder"
    for told in (choices.vocoders, choices.keras2_networks, choices.networks_with_upstream_config, choices.trainings):
        assert told() == "theirs"
    assert choices.published() == "weights_of_theirs, ge2e"
    assert choices.torch_presets() == "theirs: descript (default), small; speaker_encoder: ge2e (default), dvector"
    assert choices.keras2_presets() == choices.trained_presets() == "theirs: descript, small (default)"
    with pytest.raises(TfvcError, match="mine: nothing of that name to fetch; there is: weights_of_theirs, ge2e"):
        fetch("mine")


@pytest.mark.usefixtures("beside_theirs")
def test_one_that_cannot_be_loaded_does_not_take_the_help_away(monkeypatch):
    broken = replace(THEIRS, networks=(replace(THEIRS.networks[0], config="nowhere:Config"),))
    monkeypatch.setattr(family, "plugins", lambda group: {"theirs": broken})
    assert choices.all_networks() == "theirs"
    assert choices.torch_presets() == "(an installed family cannot be loaded)"


def test_everything_that_is_trained_names_what_it_is_of():
    for name, record in choices.trained_families().items():
        assert record.default_preset in record.networks[0].config_class.named, name
