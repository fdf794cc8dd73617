import pytest

from tfvc.audio import MelSpec
from tfvc.cli.assignments import override
from tfvc.cli.train import train
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVCConfig
from tfvc.training.autovc import AutoVCTraining
from tfvc.training.config import TrainingConfig
from tfvc.training.melgan import MelGANTraining, MelGANTrainingConfig
from tfvc.training.melgan_keras_io import KerasIOMelGANTraining

CONFIGS = (AutoVCConfig.from_name("small"), TrainingConfig())


def test_a_setting_goes_to_whichever_configuration_has_it():
    model, training = override(["neck=8", "learning_rate=2e-4", "zero_init_postnet=False"], *CONFIGS)
    assert (model.neck, model.zero_init_postnet, model.freq) == (8, False, 16)
    assert (training.learning_rate, training.frames) == (2e-4, 128)


def test_a_later_setting_wins():
    assert override(["neck=8", "neck=9"], *CONFIGS)[0].neck == 9


def test_settings_that_belong_together_are_taken_together():
    (settings,) = override(["gain_min=0.96", "gain_max=0.99"], MelGANTrainingConfig())
    assert (settings.gain_min, settings.gain_max) == (0.96, 0.99)
    with pytest.raises(TfvcError, match=r"gain_min is 0\.96; it must be at most gain_max, 0\.95"):
        override(["gain_min=0.96"], MelGANTrainingConfig())


@pytest.mark.parametrize(
    ("training", "preset"),
    [(MelGANTraining, "descript"), (MelGANTraining, "small"), (KerasIOMelGANTraining, "keras_io")],
)
def test_a_preset_of_melgan_has_its_settings(training, preset):
    network, settings = training.defaults(preset, MelSpec.named("hifigan_22k"))
    assert network == training.gan_class.generator_class.config_class.from_name(preset)
    assert settings == training.settings_class.from_name(preset)


@pytest.mark.parametrize(
    ("training", "preset", "words"),
    [
        (MelGANTraining, "official", "no preset 'official'; choose one of descript, small"),
        (AutoVCTraining, "descript", "no preset 'descript'; choose one of official, article, small"),
    ],
)
def test_the_preset_of_another_model_is_refused(training, preset, words):
    with pytest.raises(TfvcError, match=words):
        training.defaults(preset, MelSpec.named("hifigan_22k"))


def test_an_unknown_model_is_told_the_known_ones(tmp_path):
    with pytest.raises(TfvcError, match="tacotron: no such model to train; choose one of autovc, hifigan, melgan"):
        train("tacotron", tmp_path, tmp_path / "run")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nekc=3", "one of the keys neck, "),
        ("neck", "KEY=VALUE"),
        ("neck=", "neck must be a valid integer"),
        ("neck=1.5", "--set: neck must be a valid integer, received 1.5"),
        ("neck=true", "neck must be a valid integer, received True"),
        ("zero_init_postnet=1", "zero_init_postnet must be a valid boolean, received 1"),
        ("learning_rate=fast", "learning_rate must be a valid number, received 'fast'"),
    ],
)
def test_what_cannot_be_set_is_refused(setting, words):
    with pytest.raises(TfvcError, match=words):
        override([setting], *CONFIGS)
