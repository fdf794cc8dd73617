import pytest

from tfvc.cli.train import override
from tfvc.errors import TfvcError
from tfvc.models.autovc import AutoVCConfig
from tfvc.training.config import TrainingConfig

CONFIGS = (AutoVCConfig.from_name("small"), TrainingConfig())


def test_a_setting_goes_to_whichever_configuration_has_it():
    model, training = override(["neck=8", "learning_rate=2e-4", "zero_init_postnet=False"], *CONFIGS)
    assert (model.neck, model.zero_init_postnet, model.freq) == (8, False, 16)
    assert (training.learning_rate, training.frames) == (2e-4, 128)


def test_a_later_setting_wins():
    assert override(["neck=8", "neck=9"], *CONFIGS)[0].neck == 9


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nekc=3", "one of the keys neck, "),
        ("neck", "KEY=VALUE"),
        ("neck=", "neck must be int"),
        ("neck=1.5", "neck must be int, received 1.5"),
        ("neck=true", "neck must be int"),
        ("zero_init_postnet=1", "must be bool"),
        ("learning_rate=fast", "must be float, received 'fast'"),
    ],
)
def test_what_cannot_be_set_is_refused(setting, words):
    with pytest.raises(TfvcError, match=words):
        override([setting], *CONFIGS)
